import { texts } from '../texts.ts';

/** What is shown when a page has an error of its own. */
export function Broken() {
  return (
    <main id="content" class="card">
      <h1>{texts.broken.title}</h1>
      <p role="alert">{texts.broken.explain}</p>
      <button type="button" class="button primary" onClick={() => location.reload()}>
        {texts.broken.reload}
      </button>
    </main>
  );
}
