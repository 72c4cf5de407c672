import type { FastifySwaggerUiOptions } from '@fastify/swagger-ui';

/** A key, in brass: the icon of the page, and the beginning of the logo. */
const KEY =
  '<g fill="none" stroke="#e0ab45" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round">' +
  '<circle cx="10" cy="16" r="6"/><path d="M16 16h13v6M23 16v4.5"/></g>';

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">' +
  `<rect width="32" height="32" rx="6" fill="#14304a"/>${KEY}</svg>`;

const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" width="180" height="40" viewBox="0 0 144 32"><title>Latchkey</title>' +
  `${KEY}<text x="38" y="23" font-family="system-ui, sans-serif" font-size="20" font-weight="600" fill="#fff">` +
  'Latchkey</text></svg>';

/**
 * Colours, and what makes Swagger UI fit on a phone: long paths and URLs wrap, and tables and code scroll in
 * themselves, not with the page. The field for another document is hidden: the policy of the page lets it
 * load none.
 */
const css = `
.swagger-ui .topbar { background-color: #14304a; }
.swagger-ui .topbar a { max-width: none; }
.swagger-ui .topbar .download-url-wrapper { display: none; }
.swagger-ui .info { margin: 24px 0; }
.swagger-ui .info .title, .swagger-ui .opblock-tag { color: #14304a; }
.swagger-ui .info a, .swagger-ui .opblock-tag a { color: #1c5d99; }
.swagger-ui .btn.authorize { color: #1c5d99; border-color: #1c5d99; }
.swagger-ui .btn.authorize svg { fill: #1c5d99; }
.swagger-ui .btn.execute { background-color: #1c5d99; border-color: #1c5d99; }
html.dark-mode .swagger-ui .topbar { background-color: #14304a; }
html.dark-mode .swagger-ui .info .title, html.dark-mode .swagger-ui .opblock-tag { color: #e4e6e6; }
html.dark-mode .swagger-ui .info a, html.dark-mode .swagger-ui .opblock-tag a,
html.dark-mode .swagger-ui .btn.authorize { color: #7db8ea; }
@media (max-width: 640px) {
  .swagger-ui .wrapper { padding: 0 12px; }
  .swagger-ui .topbar { padding: 6px 0; }
  .swagger-ui .scheme-container { padding: 12px 0; }
  .swagger-ui .topbar .topbar-wrapper { align-items: center; flex-direction: row; }
  .swagger-ui .opblock .opblock-summary-control { min-width: 0; }
  .swagger-ui .opblock .opblock-summary-path { max-width: 100%; overflow-wrap: anywhere; }
  .swagger-ui .opblock .opblock-section-header { flex-wrap: wrap; gap: 8px; padding: 8px; }
  .swagger-ui .opblock-body pre.microlight, .swagger-ui .model-box { max-width: 100%; overflow-x: auto; }
  .swagger-ui .table-container, .swagger-ui .responses-inner { overflow-x: auto; padding: 8px; }
  .swagger-ui .response-col_links { display: none; }
  .swagger-ui table.responses-table, .swagger-ui table.parameters { table-layout: fixed; width: 100%; }
  .swagger-ui .response-col_status { width: 56px; }
  .swagger-ui .parameters-col_name { width: 112px; }
  .swagger-ui .parameters input, .swagger-ui .parameters select { max-width: 100%; min-width: 0; width: 100%; }
  .swagger-ui .markdown, .swagger-ui .renderedMarkdown { overflow-wrap: anywhere; }
  .swagger-ui .dialog-ux .modal-ux { min-width: 0; width: calc(100vw - 24px); }
  .swagger-ui section.models { overflow-x: auto; }
}
`;

/** The name, the logo, the icon and the colours of the page at /docs. All are files of the service itself. */
export const docsTheme: Pick<FastifySwaggerUiOptions, 'theme' | 'logo'> = {
  theme: {
    title: 'Latchkey API',
    css: [{ filename: 'latchkey.css', content: css }],
    favicon: [{ filename: 'latchkey.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: icon }],
  },
  logo: { type: 'image/svg+xml', content: logo },
};
