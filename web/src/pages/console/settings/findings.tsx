import type { paths } from '@latchkey/client';
import { Notice } from '../../../components/notice.tsx';
import { Part } from '../../../components/part.tsx';
import { Failed } from '../../../components/states.tsx';
import { Time } from '../../../components/time.tsx';
import type { Resource } from '../../../lib/resource.ts';
import { settingsTexts as own } from '../../../texts/console/settings.ts';

type Answer = paths['/settings']['get']['responses'][200]['content']['application/json'];
type Finding = Answer['findings'][number];

interface FindingsProps extends Pick<Answer, 'findings' | 'checkedAt'> {
  readonly resource: Pick<Resource<unknown>, 'error' | 'isLoading' | 'reload'>;
}

/** What the checks have found: errors, then warnings, and last what is well. */
export function Findings({ findings, checkedAt, resource: { error, isLoading, reload } }: FindingsProps) {
  const of = (level: Finding['level']) => findings.filter((finding) => finding.level === level);
  const wrong = [...of('error'), ...of('warning')];
  const fine = of('ok');
  return (
    <Part title={own.findings}>
      {wrong.length === 0 && <Notice tone="success">{own.allWell}</Notice>}
      {wrong.length > 0 && (
        <ul class="findings">
          {wrong.map((finding) => (
            <li key={`${finding.check} ${finding.text}`}>
              <Notice tone={finding.level === 'error' ? 'error' : 'warning'}>
                <p>
                  <strong>
                    {own[finding.level]}: <bdi>{finding.check}</bdi>
                  </strong>
                </p>
                <p>
                  <bdi>{finding.text}</bdi>
                </p>
                {finding.advice !== null && (
                  <p>
                    <bdi>{finding.advice}</bdi>
                  </p>
                )}
              </Notice>
            </li>
          ))}
        </ul>
      )}
      {fine.length > 0 && (
        <details class="group">
          <summary>{own.fine(fine.length)}</summary>
          <dl class="facts">
            {fine.map(({ check, text }) => [
              <dt key={`${check} ${text}`}>
                <bdi>{check}</bdi>
              </dt>,
              <dd key={`of ${check} ${text}`}>
                <bdi>{text}</bdi>
              </dd>,
            ])}
          </dl>
        </details>
      )}
      {error !== undefined && <Failed error={error} retry={reload} />}
      <div class="actions">
        <button type="button" class="button" aria-disabled={isLoading} onClick={reload}>
          {own.again}
          {isLoading && <span class="spinner" aria-hidden="true" />}
        </button>
        <span class="muted">
          {own.checkedAt} <Time at={checkedAt} />. {own.more}
        </span>
      </div>
    </Part>
  );
}
