// First of all: the token of a mail's link leaves the address bar before anything reads it.
import './lib/mail-token.ts';
import { render } from 'preact';
import { App } from './app.tsx';
import { ignoreSecondClicks } from './lib/double-click.ts';
import './style/base.css';
import './style/content.css';
import './style/account.css';
import './style/console-audit.css';
import './style/console-keys.css';
import './style/console-overview.css';
import './style/console-routes.css';
import './style/console.css';
import './style/console-user.css';
import './style/console-users.css';
import './style/controls.css';
import './style/frame.css';
import './style/lists.css';

ignoreSecondClicks();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
