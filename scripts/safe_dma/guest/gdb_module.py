# SPDX-License-Identifier: GPL-2.0
"""Add the symbols of a module in gdb, at the addresses of its sections. Read by gdb with `source`.

When the kernel calls do_init_module(), it has stored the addresses for /sys/module/NAME/sections.
The types needed are in the module's debug information, so the kernel itself needs none.
"""

import gdb


class Loaded(gdb.Breakpoint):
    """A breakpoint before the init function of the module `name`, built in `directory`."""

    def __init__(self, directory: str, name: str):
        super().__init__("*do_init_module", internal=True)
        self.name = name
        self.file = f"{directory}/{name}.ko"

    def addresses(self) -> dict[str, int]:
        """Return the address of each section if the module that is being loaded is this one."""
        # Add the symbols once without addresses, for the types.
        gdb.execute(f"add-symbol-file {self.file} 0", to_string=True)
        module = gdb.parse_and_eval("*(struct module *)$x0")
        found = {}
        if module["name"].string() == self.name:
            # The first field of struct module_sect_attrs, see kernel/module/sysfs.c.
            group = module["sect_attrs"].cast(gdb.lookup_type("struct attribute_group").pointer())
            attribute = group["bin_attrs"]
            while attribute.dereference():
                section = attribute.dereference().dereference()
                found[section["attr"]["name"].string()] = int(section["private"])
                attribute += 1
        gdb.execute("remove-symbol-file -a 0", to_string=True)
        return found

    def stop(self) -> bool:
        """Add the symbols, and return whether gdb stops here."""
        addresses = self.addresses()
        if not addresses:
            return False
        text = addresses.pop(".text")
        sections = "".join(f" -s {name} {address:#x}" for name, address in addresses.items())
        gdb.execute(f"add-symbol-file {self.file} {text:#x}{sections}", to_string=True)
        print(f"{self.name}.ko is loaded, and its init function is not yet called")
        return True
