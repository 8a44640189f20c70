import { mount } from 'svelte';
import './app.css';
import { watch } from './api.ts';
import App from './App.svelte';
import { browserLocale, setLocale } from './lib/i18n.svelte.ts';
import { startRouter } from './lib/router.svelte.ts';
import { loadSession, startSession } from './lib/session.svelte.ts';
import { ask } from './lib/stepup.svelte.ts';

watch.stepUp = ask;
startSession();
startRouter();
// The words load beside the session, not after it.
await Promise.all([setLocale(browserLocale()), loadSession()]);
mount(App, { target: document.getElementById('app')! });
