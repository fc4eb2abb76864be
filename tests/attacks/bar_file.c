// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/pci.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bar_file.h"
#include "observe.h"

#define SPARE_IOVA	0x70000000ULL	/* nobody maps anything there */

static int open_procfs(struct bar_file *file, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/bus/pci/%.2s/%.4s", name + 5,
		 name + 8);
	file->fd = open(path, O_RDWR | O_CLOEXEC);
	if (file->fd < 0)
		return -errno;
	file->at = file->bar.start;
	if (!ioctl(file->fd, PCIIOC_MMAP_IS_MEM))
		return 0;
	close(file->fd);
	return -errno;
}

int bar_file_open(struct bar_file *file, const char *name, int bar,
		  enum bar_way way)
{
	char path[128];
	int ret;

	ret = pci_bar(name, bar, &file->bar);
	if (!ret)
		ret = pci_decode(name, true);
	if (ret)
		return ret;
	if (way == BAR_PROCFS)
		return open_procfs(file, name);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%d%s",
		 name, bar, way == BAR_SYSFS_WC ? "_wc" : "");
	file->fd = open(path, O_RDWR | O_CLOEXEC);
	file->at = 0;
	return file->fd < 0 ? -errno : 0;
}

void *bar_file_map(const struct bar_file *file, int prot, int flags)
{
	return mmap(NULL, file->bar.size, prot, flags, file->fd, file->at);
}

int bar_file_open_peer(struct peer *peer, struct bar_file *file,
		       const char *victim, enum bar_way way)
{
	int ret = bar_file_open(file, victim, MEMORY_BAR, way);

	if (ret)
		return ret;
	peer->size = file->bar.size;
	peer->bar = bar_file_map(file, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (peer->bar != MAP_FAILED)
		return 0;
	peer->bar = NULL;
	return -errno;
}

void bar_file_close(struct bar_file *file)
{
	/* 0 is that of none, from before it was opened */
	if (file->fd > 0)
		close(file->fd);
	file->fd = -1;
}

static sigjmp_buf back;

static void jump(int signal)
{
	siglongjmp(back, signal);
}

static bool access_is_sigbus(volatile unsigned char *at, const unsigned char *byte)
{
	struct sigaction old, new = { .sa_handler = jump };
	bool had = true;

	sigaction(SIGBUS, &new, &old);
	if (!sigsetjmp(back, 1)) {
		if (byte)
			*at = *byte;
		else
			(void)*at;
		had = false;
	}
	sigaction(SIGBUS, &old, NULL);
	return had;
}

bool read_is_sigbus(const volatile unsigned char *at)
{
	return access_is_sigbus((volatile unsigned char *)at, NULL);
}

bool write_is_sigbus(volatile unsigned char *at, unsigned char byte)
{
	return access_is_sigbus(at, &byte);
}

bool bar_file_is_gone(struct peer *peer, int err)
{
	int ret = container_map(peer->container, peer->bar, peer->size,
				SPARE_IOVA);

	if (ret != err)
		printf("# to map it again: %s\n", ret ? errno_name(-ret) : "yes");
	return read_is_sigbus(peer->bar) &&
	       write_is_sigbus(peer->bar + peer->size - 1, 1) && ret == err;
}
