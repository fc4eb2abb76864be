// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "faults.h"
#include "host.h"

#define SWAPPED_PORT	"port6"
#define COUNT		"/tmp/swapped"	/* for the tests and programs that follow */

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

int host_find_swapped(char name[PCI_NAME_LENGTH])
{
	struct pci_bar bar;
	int nth;

	for (nth = 0; !pci_find(name, IVSHMEM, true, nth); nth++)
		if (!pci_bar(name, MEMORY_BAR, &bar) &&
		    bar.size == HOST_SWAPPED_SIZE)
			return 0;
	return -ENODEV;
}

int host_swap(const char *name)
{
	FILE *count = fopen(COUNT, "r+");
	char id[32], memory[32];
	int nr = 0;

	if (!count)
		count = fopen(COUNT, "w+");
	if (!count)
		return -errno;
	if (fscanf(count, "%d", &nr) != 1)
		nr = 0;
	snprintf(id, sizeof(id), "bar%d", nr);
	host_pull(id);
	if (!host_wait(name, false)) {
		fclose(count);
		return -ETIMEDOUT;
	}
	nr++;
	snprintf(id, sizeof(id), "bar%d", nr);
	snprintf(memory, sizeof(memory), "bars%d", nr);
	host_plug(SWAPPED_PORT, id, memory);
	rewind(count);
	fprintf(count, "%d\n", nr);
	fclose(count);
	return host_wait(name, true) ? 0 : -ETIMEDOUT;
}
