/**
 * A browser's IndexedDB in memory, as far as the visits need it. It keeps the promises that they rely on: answers come
 * later, never at once; a transaction is complete only after all of it has happened; what is kept outlives the page.
 */
type Row = { client_id: string } & Record<string, unknown>;
type Heard = ((event: { target: unknown }) => void) | null;
interface Asked {
  result: unknown;
  onsuccess: Heard;
  onupgradeneeded: Heard;
}

const later = (then: () => void): void => void setTimeout(then, 0);

function answered(result: unknown, before?: (asked: Asked) => void): Asked {
  const asked: Asked = { result, onsuccess: null, onupgradeneeded: null };
  later(() => {
    before?.(asked);
    asked.onsuccess?.({ target: asked });
  });
  return asked;
}

export class Drawer {
  /** What happens while somebody reaches for the drawer. */
  meanwhile: () => void = () => {};
  private readonly kept = new Map<string, Map<string, Row>>();

  /** What lies in the drawer, as it would be found by somebody who opens the phone. */
  get rows(): Row[] {
    return [...this.kept.values()].flatMap((rows) => [...rows.values()]);
  }

  get names(): string[] {
    return [...this.kept.keys()];
  }

  install(): void {
    Object.defineProperty(globalThis, "indexedDB", {
      configurable: true,
      value: {
        databases: async () => this.names.map((name) => ({ name, version: 1 })),
        deleteDatabase: (name: string) => answered(undefined, () => this.kept.delete(name)),
        open: (name: string) =>
          answered(this.database(name), (asked) => {
            this.meanwhile();
            if (this.kept.has(name)) return;
            this.kept.set(name, new Map());
            asked.onupgradeneeded?.({ target: asked });
          }),
      },
    });
  }

  remove(): void {
    Reflect.deleteProperty(globalThis, "indexedDB");
  }

  private database(name: string): unknown {
    const rows = (): Map<string, Row> => this.kept.get(name) as Map<string, Row>;
    return {
      createObjectStore: () => undefined,
      close: () => undefined,
      transaction: () => {
        const transaction = { oncomplete: null as Heard, objectStore: () => store };
        const store = {
          put: (row: Row) => answered(rows().set(row.client_id, structuredClone(row))),
          delete: (id: string) => answered(rows().delete(id)),
          getAll: () => answered([...rows().values()].map((row) => structuredClone(row))),
          count: () => answered(rows().size),
        };
        later(() => later(() => transaction.oncomplete?.({ target: transaction })));
        return transaction;
      },
    };
  }
}
