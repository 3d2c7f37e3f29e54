import { mount } from 'svelte';
import App from './App.svelte';
import '@fontsource-variable/inter';
import './app.css';
import './print.css';
import { incidentListener } from './data/incidents.svelte.ts';
import { connect } from './data/live.svelte.ts';

connect(incidentListener);
mount(App, { target: document.getElementById('app')! });
