// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "samples.h"

int load(const char *module, const char *params)
{
	struct utsname uts;
	char path[512];
	int fd, err = 0;

	uname(&uts);
	snprintf(path, sizeof(path), "/lib/modules/%s/kernel/samples/vma_owner/%s.ko",
		 uts.release, module);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, params, 0))
		err = -errno;
	close(fd);
	return err;
}

int unload(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

int unload_soon(const char *module)
{
	int tries, err;

	for (tries = 0; tries < 100; tries++) {
		err = unload(module);
		if (err != -EAGAIN)
			break;
		usleep(20000);
	}
	return err;
}

bool vfio_takes_owned(void)
{
	return !access("/sys/module/vfio_iommu_type1/parameters/allow_raw_pfns", F_OK);
}
