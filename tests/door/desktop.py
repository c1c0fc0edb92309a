"""desktop.py - a desktop's notification service (org.freedesktop.Notifications) on the session bus: prints what it is asked,
one JSON object a line."""
import json
import sys

from gi.repository import Gio, GLib

INTERFACE = """<node><interface name="org.freedesktop.Notifications">
<method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
<arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/><arg type="a{sv}" direction="in"/>
<arg type="i" direction="in"/><arg type="u" direction="out"/></method>
<method name="CloseNotification"><arg type="u" direction="in"/></method></interface></node>"""


def on_call(_bus, _sender, _path, _interface, method, arguments, invocation):
    values = arguments.unpack()
    print(json.dumps({"method": method, "arguments": values}), flush=True)
    if sys.argv[1:] == ["--broken"]:
        invocation.return_dbus_error("org.freedesktop.DBus.Error.Failed", "This desktop shows nothing.")
    else:
        invocation.return_value(GLib.Variant("(u)", (values[1] or 7,)) if method == "Notify" else None)


def on_bus(bus, _name):
    bus.register_object("/org/freedesktop/Notifications", Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0], on_call)


Gio.bus_own_name(Gio.BusType.SESSION, "org.freedesktop.Notifications", 0, on_bus,
                 lambda *_: print(json.dumps({"method": "ready"}), flush=True), lambda *_: sys.exit("the name is taken"))
GLib.MainLoop().run()
