// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "faults.h"
#include "host.h"

#define SWAPPED_PORT	"port6"
#define COUNT		"/tmp/swapped"	/* for the tests and programs that follow */

#define PATIENCE	60		/* s */
#define AGAIN		10

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

static bool wait_for(const char *name, bool there, int seconds)
{
	int i;

	for (i = 0; i < seconds * 10; i++) {
		if (is_there(name) == there)
			return true;
		usleep(100000);
	}
	return false;
}

bool host_wait_gone(const char *name)
{
	if (wait_for(name, false, PATIENCE))
		return true;
	printf("# %s is still there\n", name);
	return false;
}

/*
 * QEMU refuses as long as it has the last one in that slot, which the guest may have
 * forgotten a while ago; without a slot it takes the next one, where no guest looks.
 * It refuses what it has taken already, and dies of memory that it has had in a device
 * before.
 */
bool host_plug(const char *name, const char *port, const char *id,
	       const char *memory)
{
	char text[256];
	int i;

	snprintf(text, sizeof(text),
		 "vo: host: device_add ivshmem-plain,bus=%s,addr=0.0,id=%s,memdev=%s;",
		 port, id, memory);
	for (i = 0; i < PATIENCE / AGAIN; i++) {
		kernel_log(text);
		if (wait_for(name, true, AGAIN))
			return true;
	}
	printf("# %s is not there\n", name);
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
	if (!host_wait_gone(name)) {
		fclose(count);
		return -ETIMEDOUT;
	}
	nr++;
	snprintf(id, sizeof(id), "bar%d", nr);
	snprintf(memory, sizeof(memory), "bars%d", nr);
	rewind(count);
	fprintf(count, "%d\n", nr);
	fclose(count);
	return host_plug(name, SWAPPED_PORT, id, memory) ? 0 : -ETIMEDOUT;
}
