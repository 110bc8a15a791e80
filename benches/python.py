"""Hook calls of pluggy and Datasette, repeated when standard input says so.

Each line "KIND COUNT REPETITIONS" is answered by the seconds that so many calls took. Python's own clock measures
them, so what goes through the pipe isn't in it.
"""

import asyncio
import dataclasses
import pathlib
import sys
import tempfile
import time

import datasette_events_db
import pluggy
from datasette import hookimpl as datasette_hookimpl
from datasette.app import Datasette
from datasette.events import Event
from datasette.plugins import pm as datasette_plugins

spec, impl = pluggy.HookspecMarker("bench"), pluggy.HookimplMarker("bench")


@dataclasses.dataclass
class OrderPlaced(Event):
    name = "order-placed"
    order: int
    customer: str
    express: bool


class Spec:
    @spec
    def track_event(self, event):
        """An event was tracked."""


def plugin(marker, number):
    """A plugin whose function has code of its own, and reads the event's fields."""
    source = f"def track_event(event):\n    event.order + {number}, event.customer, event.express\n"
    namespace = {}
    exec(source, namespace)
    return type(f"Plugin{number}", (), {"track_event": staticmethod(marker(namespace["track_event"]))})


def with_pluggy(count):
    manager = pluggy.PluginManager("bench")
    manager.add_hookspecs(Spec)
    for number in range(count):
        manager.register(plugin(impl, number))
    call, event = manager.hook.track_event, OrderPlaced(None, 7, "mallory", True)

    async def repeat(times):
        for _ in range(times):
            call(event=event)

    return repeat


class RegisterEvents:
    @staticmethod
    @datasette_hookimpl
    def register_events():
        return [OrderPlaced]


class Registered:
    """The plugins that Datasette has, which are the process's, not a Datasette's."""

    plugins = []


async def with_datasette(count):
    for old in Registered.plugins:
        datasette_plugins.unregister(old)
    Registered.plugins = [RegisterEvents, *(plugin(datasette_hookimpl, number) for number in range(count))]
    for new in Registered.plugins:
        datasette_plugins.register(new)
    datasette, event = Datasette(memory=True), OrderPlaced(None, 7, "mallory", True)
    await datasette.invoke_startup()

    async def repeat(times):
        for _ in range(times):
            await datasette.track_event(event)

    return repeat


async def with_events_db(count):
    """So many tasks, each of which waits for its event before it tracks the next. The file is where `sys.argv` says."""
    for old in Registered.plugins:
        datasette_plugins.unregister(old)
    Registered.plugins = [RegisterEvents, datasette_events_db]
    for new in Registered.plugins:
        datasette_plugins.register(new)
    file = pathlib.Path(tempfile.mkdtemp(dir=sys.argv[1])) / "events.db"
    config = {"plugins": {"datasette-events-db": {"database": "events"}}}
    file.touch()
    datasette = Datasette([str(file)], config=config)
    await datasette.invoke_startup()

    async def produce(times):
        for order in range(times):
            await datasette.track_event(OrderPlaced(None, order, "mallory", True))

    async def repeat(times):
        await asyncio.gather(*(produce(times // count) for _ in range(count)))

    return repeat


async def main():
    # Installed, it is a plugin of every Datasette; here it is one only where it is measured.
    datasette_plugins.unregister(datasette_events_db)
    repeat, prepared = None, None
    for line in sys.stdin:
        kind, count, times = line.split()
        if prepared != (kind, count):
            if kind == "pluggy":
                repeat = with_pluggy(int(count))
            elif kind == "datasette":
                repeat = await with_datasette(int(count))
            else:
                repeat = await with_events_db(int(count))
            prepared = (kind, count)
        start = time.perf_counter()
        await repeat(int(times))
        print(time.perf_counter() - start, flush=True)


asyncio.run(main())
