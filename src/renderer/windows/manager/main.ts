import { startWindow } from '../../ui/create-app';
import App from './App.vue';
import { routes } from './routes';

startWindow(App, routes);
