/** Chart for the README: requests that each contender answers while Latchkey answers 100. */
import type { Figure } from './figures.ts';

const [WIDTH, LABELS, ROW, BAR] = [760, 250, 34, 20];

/** @param figures ratios of Latchkey's rate to theirs */
export function drawChart(figures: readonly Figure[]): string {
  const bars = [
    { name: 'Latchkey', share: 1 },
    ...figures.map(({ name, median }) => ({ name, share: 1 / median })),
  ].sort((a, b) => b.share - a.share);
  const scale = (WIDTH - LABELS - 70) / Math.max(...bars.map(({ share }) => share));
  const rows = bars.map(({ name, share }, index) => {
    const y = 44 + index * ROW;
    const width = Math.max(1, share * scale);
    const colour = name === 'Latchkey' ? '#0969da' : '#8c959f';
    return `  <text x="${LABELS - 12}" y="${y + 15}" text-anchor="end">${escaped(name)}</text>
  <rect x="${LABELS}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2" fill="${colour}"/>
  <text x="${(LABELS + width + 8).toFixed(1)}" y="${y + 15}">${(share * 100).toFixed(share < 0.1 ? 1 : 0)}</text>`;
  });
  const height = 56 + bars.length * ROW;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="14" fill="#57606a" role="img">
  <title>Guarded requests answered while Latchkey answers 100</title>
  <text x="${LABELS}" y="24" font-weight="600">Guarded requests answered while Latchkey answers 100</text>
${rows.join('\n')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
