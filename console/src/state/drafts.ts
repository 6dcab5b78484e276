/**
 * What a worker has typed and not yet recorded. Kept in memory only, per ticket and form, until the server
 * has it: through errors, a closed sheet, another page and a new login of the same person.
 */
import { reactive } from "vue";

export interface Draft<T> {
  /** The same on every retry, so that one visit is never recorded twice. */
  client_id: string;
  body: T;
  touched: boolean;
}

/** Forms of the ticket itself. */
type TicketForm = "call" | "visit" | "refer" | "plan_follow_up" | "follow_up" | "close" | "chat" | "words" | "identity";
/** Forms of what several people do on it. */
export type TeamForm =
  | "hand_over"
  | "take_over"
  | "to_district"
  | "decide"
  | "transfer"
  | "answer_transfer"
  | "attempt"
  | "sub_task"
  | "set_out"
  | "back"
  | "two_people"
  | "lower"
  | "answer_lowering"
  | "reopen";
/** Forms that belong to no ticket: their drafts lie under the name of what they change. */
type OtherForm = "partner_task" | "shift" | "leave" | "swap" | "contact_point" | "person";
/** Forms of a ticket's results. */
type ResultsForm = "ask_again" | "export";
export type FormName = TicketForm | TeamForm | ResultsForm | OtherForm;

class Drafts {
  private kept = reactive(new Map<string, Draft<unknown>>());
  private owner: string | null = null;

  /** The draft of this form, made from `blank` when there is none. */
  of<T extends object>(code: string, form: FormName, blank: () => T, about = ""): Draft<T> {
    const key = `${code}/${form}/${about}`;
    if (!this.kept.has(key)) this.kept.set(key, { client_id: crypto.randomUUID(), body: blank(), touched: false });
    return this.kept.get(key) as Draft<T>;
  }

  /** Put back what was kept elsewhere, under the id that it had. */
  put(code: string, form: FormName, client_id: string, body: object): void {
    this.kept.set(`${code}/${form}/`, { client_id, body, touched: true });
  }

  /** The server has it: the next one is a new record with a new id. */
  done(code: string, form: FormName, about = ""): void {
    this.kept.delete(`${code}/${form}/${about}`);
  }

  /** Whether something typed would be lost. */
  get any(): boolean {
    return [...this.kept.values()].some((draft) => draft.touched);
  }

  /** Whether something typed waits for this ticket's form. */
  waiting(code: string, form: FormName, about = ""): boolean {
    return this.kept.get(`${code}/${form}/${about}`)?.touched ?? false;
  }

  /** Somebody has logged in. Another person never finds what the last one typed. */
  belongTo(username: string): void {
    if (this.owner !== null && this.owner !== username) this.clear();
    this.owner = username;
  }

  clear(): void {
    this.kept.clear();
    this.owner = null;
  }
}

export const drafts = new Drafts();
