import { startWindow } from '../../ui/create-app';
import App from './App.vue';

startWindow(App);
