/**
 * A queue that is read as an async iterator. When more than `limit` items wait, `overflow` replaces them all. Unlike an
 * async generator, it ends at once even while a reader waits for the next item.
 */
export class BoundedQueue<T> implements AsyncIterableIterator<T> {
  readonly #limit: number;
  readonly #overflow: T;
  readonly #onEnd: () => void;
  #items: T[] = [];
  #waiting: PromiseWithResolvers<IteratorResult<T>>[] = [];
  #ended = false;

  constructor(options: { readonly limit: number; readonly overflow: T; readonly onEnd: () => void }) {
    this.#limit = options.limit;
    this.#overflow = options.overflow;
    this.#onEnd = options.onEnd;
  }

  get ended(): boolean {
    return this.#ended;
  }

  push(item: T): void {
    if (this.#ended) return;
    const reader = this.#waiting.shift();
    if (reader) reader.resolve({ done: false, value: item });
    else if (this.#items.length < this.#limit) this.#items.push(item);
    else this.#items = [this.#overflow];
  }

  async next(): Promise<IteratorResult<T>> {
    const item = this.#items.shift();
    if (item !== undefined) return { done: false, value: item };
    if (this.#ended) return { done: true, value: undefined };
    const waiting = Promise.withResolvers<IteratorResult<T>>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  async return(): Promise<IteratorResult<T>> {
    if (!this.#ended) {
      this.#ended = true;
      this.#items = [];
      for (const reader of this.#waiting.splice(0)) reader.resolve({ done: true, value: undefined });
      this.#onEnd();
    }
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
