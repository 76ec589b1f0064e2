"""A journey played again with one message faster or slower: slow, recursive, without looking at the arrays."""


class Replay:
    """The journey of a `plan` played again, with one message faster or slower than it was.

    Whatever begins waits for all that had ended by then, and begins as long after that as it did; nobody waits for
    what was sent away, or for what a call left undone.
    """

    def __init__(self, plan):
        self.start, self.done, self.end = plan["start"], plan["done"], plan["end"]
        self.waited, self.children, self.trees = plan["waited"], plan["children"], plan["trees"]
        self.spines = {name: set(tree[2]) for tree in self.trees.values() for name in tree[2]}

    def members(self, name):
        return [name, *(below for child in self.children[name] for below in self.members(child))]

    def latest(self, name):
        return max(self.done[below] for below in self.members(name))

    def below(self, name, opens, closes):
        """Windows of the children that a message waits for inside its own window, and the children that it does not."""
        inside, free = {}, {}
        for child in self.children[name]:
            if child not in self.spines.get(name, ()):
                first, last = max(self.start[child], opens), min(self.end[child], closes)
                if self.waited[child] and (last > first or (last == first and self.end[child] == self.start[child])):
                    inside[child] = (first, last)
                else:
                    free[child] = max(self.start[child], opens)
        return inside, free

    def alone(self, name, opens, closes):
        """The instants of a window in which nothing that the message asked for is under way."""
        inside, free = self.below(name, opens, closes)
        busy = {instant for first in free.values() for instant in range(first, closes)}
        for child, (first, last) in inside.items():
            busy |= set(range(first, closes if self.latest(child) > last else last))
        return sorted(set(range(opens, closes)) - busy)

    def ends(self, of=None, *, without=(), longer=0):
        """When the journey ends if message `of` does not spend the instants `without`, or takes so much `longer`."""
        ended = []
        for opens, closes, spine, begins, ends, _ in sorted(self.trees.values(), key=lambda tree: tree[:2]):
            now = opens + self._moved(ended, opens)
            over, before = [], None
            for place, name in enumerate(spine):
                now += 0 if before is None else begins[place] - before
                now = self._run(name, begins[place], ends[place], now, over, (of, set(without), longer))
                before = ends[place]
            ended.append((closes, max(now, *over)))
        return max(moved for _, moved in ended)

    @staticmethod
    def _moved(ended, instant):
        """By how much what had ended by an instant moved what begins there."""
        earlier = [(last, moved) for last, moved in ended if last <= instant]
        return max(moved for _, moved in earlier) - max(last for last, _ in earlier) if earlier else 0

    def _run(self, name, opens, closes, begins, over, change):
        """When the window of a message ends that now begins at `begins`; `over` gets the ends that nobody awaits."""
        of, without, longer = change
        inside, free = self.below(name, opens, closes)
        ended = [(opens, begins)]

        def begun(instant):
            since = max(last for last, _ in ended if last <= instant)
            spared = len(without & set(range(since, instant))) if name == of else 0
            return instant + self._moved(ended, instant) - spared

        for child, (first, last) in sorted(inside.items(), key=lambda item: item[1]):
            ended.append((last, self._run(child, first, last, begun(first), over, change)))
        finish = begun(closes) + (longer if name == of else 0)
        for child, first in free.items():
            moved = begun(first) - first if first < closes else finish - closes
            over.append(self.latest(child) + moved + (longer if of in self.members(child) else 0))
        over.append((self.done if name in self.spines else self._latest)[name] + finish - closes)
        return finish

    @property
    def _latest(self):
        return {name: self.latest(name) for name in self.start}
