// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <unistd.h>

#include "faults.h"
#include "host.h"
#include "vfio.h"

/* QEMU dies of memory that it has had in a device before */
void host_plug(const char *port, const char *id, const char *memory)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "vo: host: device_add ivshmem-plain,bus=%s,id=%s,memdev=%s;",
		 port, id, memory);
	kernel_log(text);
}

void host_pull(const char *id)
{
	char text[256];

	snprintf(text, sizeof(text), "vo: host: device_del %s;", id);
	kernel_log(text);
}

/* Its files come before its address */
static bool is_there(const char *name)
{
	struct pci_bar bar;

	return !pci_bar(name, MEMORY_BAR, &bar) && bar.start;
}

bool host_wait(const char *name, bool there)
{
	int i;

	for (i = 0; i < 600; i++) {
		if (is_there(name) == there)
			return true;
		usleep(100000);
	}
	printf("# %s is %sthere\n", name, there ? "not " : "still ");
	return false;
}
