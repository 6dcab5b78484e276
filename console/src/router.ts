/** Addresses of the console. Only a view's name or a ticket's code stands in them. */
import { createRouter, createWebHistory } from "vue-router";
import ListPage from "./pages/ListPage.vue";
import TicketPage from "./pages/TicketPage.vue";
import DayPage from "./pages/DayPage.vue";
import DutyPage from "./pages/DutyPage.vue";
import AuditPage from "./pages/AuditPage.vue";
import PartnerPage from "./pages/PartnerPage.vue";
import BoardPage from "./pages/BoardPage.vue";
import CampaignPage from "./pages/CampaignPage.vue";
import PeoplePage from "./pages/PeoplePage.vue";
import PlacesPage from "./pages/PlacesPage.vue";
import RulesPage from "./pages/RulesPage.vue";
import SecondFactorPage from "./pages/SecondFactorPage.vue";
import SentencesPage from "./pages/SentencesPage.vue";
import ChatPage from "./pages/ChatPage.vue";
import PaperPage from "./pages/PaperPage.vue";
import ReportPage from "./pages/ReportPage.vue";
import { PAPERS } from "./words/papers";
import { VIEWS } from "./words/views";

// The wall and its charts come only to who opens it.
const WallPage = () => import("./pages/WallPage.vue");

export const router = createRouter({
  history: createWebHistory("/console/"),
  routes: [
    { path: "/", redirect: "/list/open" },
    { path: `/list/:view(${VIEWS.join("|")})`, name: "list", component: ListPage, props: true },
    { path: "/tickets/:code", name: "ticket", component: TicketPage, props: true },
    { path: "/tickets/:code/chat", name: "chat", component: ChatPage, props: true },
    { path: "/day", name: "day", component: DayPage },
    { path: "/board", name: "board", component: BoardPage },
    { path: `/tickets/:code/papers/:kind(${PAPERS.map((one) => one.kind).join("|")})`, name: "paper", component: PaperPage, props: true },
    { path: "/report", name: "report", component: ReportPage },
    { path: "/duty", name: "duty", component: DutyPage },
    { path: "/people", name: "people", component: PeoplePage },
    { path: "/campaigns", name: "campaigns", component: CampaignPage },
    { path: "/wall", name: "wall", component: WallPage },
    { path: "/places", name: "places", component: PlacesPage },
    { path: "/rules", name: "rules", component: RulesPage },
    { path: "/sentences", name: "sentences", component: SentencesPage },
    { path: "/audit", name: "audit", component: AuditPage },
    { path: "/second", name: "second", component: SecondFactorPage },
    { path: "/partner", name: "partner", component: PartnerPage },
    { path: "/:rest(.*)*", redirect: "/list/open" },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});
