/** The elder view: larger type and targets for the whole page, remembered only as long as the page is open. */
import { ref } from "vue";

export const elder = ref(false);

export function setElder(on: boolean): void {
  elder.value = on;
  document.documentElement.classList.toggle("elder", on);
}
