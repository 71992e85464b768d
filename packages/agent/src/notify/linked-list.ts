/** The place of an item in a list. */
export class Link<Item> {
  readonly item: Item;
  next: Link<Item> | undefined;
  previous: Link<Item> | undefined;
  isLinked: boolean = false;

  constructor(item: Item) {
    this.item = item;
  }
}

/** Items in the order in which they were added. Adding and removing allocate nothing, unlike those of a Set. */
export class LinkedList<Item> {
  #first: Link<Item> | undefined;
  #last: Link<Item> | undefined;
  #count: number = 0;

  get count(): number {
    return this.#count;
  }

  /** The item that was added first. */
  get first(): Item | undefined {
    return this.#first?.item;
  }

  /** Removes and returns the item that was added first. */
  takeFirst(): Item | undefined {
    const first = this.#first;
    if (first !== undefined) this.remove(first);
    return first?.item;
  }

  /** Adds an item by its link, which is in no list. */
  add(link: Link<Item>): void {
    const last = this.#last;
    link.previous = last;
    link.next = undefined;
    link.isLinked = true;
    if (last === undefined) this.#first = link;
    else last.next = link;
    this.#last = link;
    this.#count++;
  }

  /** Removes an item by its link, and returns whether it was in the list. */
  remove(link: Link<Item>): boolean {
    if (!link.isLinked) return false;
    const { next, previous } = link;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    link.next = undefined;
    link.previous = undefined;
    link.isLinked = false;
    this.#count--;
    return true;
  }
}
