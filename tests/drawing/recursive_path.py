"""The rules of the critical path read one message at a time: slow, recursive, written without looking at the arrays.

`recursive` gives the path, with the windows on it and what was worked out on the way.
"""

from collections import defaultdict

import polars as pl

from integrhealth.language.schema import TIME, conform

KINDS = ["request", "internal", "queue", "batch", "file", None]
TIME_COLUMNS = ("sent_at", "received_at", "finished_at", "answered_at")


def as_messages(rows):
    """Rows with whole microseconds after 1970 as a messages frame."""
    frame = pl.DataFrame(rows, infer_schema_length=None).drop("order", strict=False)
    times = [pl.col(name).cast(pl.Int64).cast(TIME) for name in TIME_COLUMNS]
    described = frame.with_columns(*times, source=pl.lit("a"), target=pl.lit("b"), status=pl.lit("ok"))
    return conform(described, "messages")


def recursive(rows):
    """Per message_id what of the critical path was its own, its gap and its overhang; ROWS are those of one trace."""
    known = [row["finished_at"] if row["finished_at"] is not None else row["answered_at"] for row in rows.values()]
    known = [time for time in known if time is not None]
    if not known:
        return {}, {}, None
    began = min(row["sent_at"] for row in rows.values())
    length = max(0, max(known) - began)

    def clipped(time):
        return None if time is None else min(max(time - began, 0), length)

    start = {name: clipped(row["sent_at"]) for name, row in rows.items()}
    done, end, waited, depth = {}, {}, {}, {}
    for name in sorted(rows, key=lambda name: rows[name]["order"]):  # parents come first
        row = rows[name]
        finished = clipped(row["finished_at"] if row["finished_at"] is not None else row["answered_at"])
        done[name] = max(start[name], start[name] if finished is None else finished)
        parent = row["parent_id"]
        depth[name] = 0 if parent is None else depth[parent] + 1
        away = row["kind"] in ("queue", "batch", "file")
        waited[name] = parent is not None and not away and (row["kind"] is not None or done[name] <= done[parent])
        answered = clipped(row["answered_at"])
        end[name] = max(start[name], answered) if waited[name] and answered is not None else done[name]
    children = defaultdict(list)
    for name, row in rows.items():
        children[row["parent_id"]].append(name)
    steps = defaultdict(lambda: [0, 0, 0])
    windows = {}

    def members(name):
        return [name, *(below for child in children[name] for below in members(child))]

    def expand(name, opens, closes, spine):
        inside = {}
        for child in children[name]:
            if waited[child] and child not in spine:
                first, last = max(start[child], opens), min(end[child], closes)
                if last > first or (last == first and end[child] == start[child]):
                    inside[child] = (first, last)
        chain = followed(inside, closes - opens)
        steps[name][0] += closes - opens - sum(inside[child][1] - inside[child][0] for child in chain)
        windows[name] = (opens, closes, [inside[child] for child in chain])
        for child in chain:
            expand(child, *inside[child], spine)

    def tree_of(root):
        last = min(members(root), key=lambda name: (-done[name], depth[name], name))
        foot = last
        while waited[foot]:
            foot = rows[foot]["parent_id"]
        spine, name = [foot], foot
        while rows[name]["parent_id"] is not None:
            name = rows[name]["parent_id"]
            spine.insert(0, name)
        begins = [max(start[above] for above in spine[: place + 1]) for place in range(len(spine))]
        ends = [
            max(opens, min(end[name], following))
            for name, opens, following in zip(spine, begins, [*begins[1:], 10**18], strict=True)
        ]
        return start[root], max(done[last], ends[-1]), spine, begins, ends, last

    trees = {root: tree_of(root) for root in children[None]}
    chain = followed({root: tree[:2] for root, tree in trees.items()}, length, must_fit=False)
    reached = 0
    for root in reversed(chain):
        for name in members(root) if start[root] < reached else []:  # it begins when the one before it ends
            for times in (start, done, end):
                times[name] = max(times[name], reached)
        trees[root] = tree_of(root)
        opens, closes, spine, begins, ends, last = trees[root]
        steps[root][1] += opens - reached
        for place, name in enumerate(spine):
            expand(name, begins[place], ends[place], spine)
            if place:
                steps[name][1] += begins[place] - ends[place - 1]
        if closes > ends[-1]:
            resumed = max(ends[-1], start[last])
            steps[last][1] += resumed - ends[-1]
            steps[last][2] += closes - resumed
        reached = closes
    trees = {root: tree_of(root) for root in trees}
    plan = {"start": start, "done": done, "end": end, "waited": waited, "children": children, "trees": trees}
    return {name: tuple(step) for name, step in steps.items()}, windows, plan


def followed(windows, room, *, must_fit=True):
    """CRISP's loop: from the last to end, each next one that happened before; a tolerated overlap must fit."""
    for allowance in (0.01 * room, 0):
        order = sorted(
            windows, key=lambda name: (-windows[name][1], windows[name][0] != windows[name][1], windows[name][0], name)
        )
        chain = order[:1]
        for name in order[1:]:
            (first, last), (later_first, later_last) = windows[name], windows[chain[-1]]
            touching = [t for window in windows.values() for t in window if later_first <= t <= last]
            near = first < later_first < last < later_last and last - later_first < allowance and len(touching) == 2
            if last <= later_first or near:
                chain.append(name)
        if sum(windows[name][1] - windows[name][0] for name in chain) <= room or not must_fit:
            return chain
    return chain
