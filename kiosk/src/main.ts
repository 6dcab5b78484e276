import { createApp } from "vue";
import App from "./App.vue";
import { readShell } from "./flow/shell";
import "./styles/base.css";

createApp(App, { shell: readShell(location.pathname) }).mount("#app");
