/**
 * Fetches something for each item, a few items ahead of whoever takes the results, which come in the order of the items.
 *
 * @param most fetched or being fetched at a time, the one that is taken included; at least 1
 * @throws what `items` and `fetch` throw, when its turn comes; nothing is being fetched any more when this ends
 */
export async function* ahead<Item, Result>(
  items: AsyncIterable<Item>,
  most: number,
  fetch: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const source = items[Symbol.asyncIterator]();
  const under: Promise<Result>[] = [];
  try {
    for (let isOver = false; ;) {
      while (!isOver && under.length < most) {
        const next = await source.next();
        if (next.done) {
          isOver = true;
          break;
        }
        const result = fetch(next.value);
        result.catch(() => undefined); // told when its turn comes, if that comes
        under.push(result);
      }
      const [first] = under;
      if (!first) return;
      yield await first;
      under.shift();
    }
  } finally {
    await Promise.allSettled(under);
    await source.return?.();
  }
}
