// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver.h"
#include "kselftest.h"

/* A device shows as a link, among files such as "bind". */
bool driver_find_device(struct driver *driver)
{
	struct dirent *entry;
	DIR *dir = opendir(driver->dir);

	while (dir && !driver->device[0] && (entry = readdir(dir))) {
		if (entry->d_type == DT_LNK && strcmp(entry->d_name, "module"))
			snprintf(driver->device, sizeof(driver->device), "%.63s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return driver->device[0];
}

int driver_tell(const struct driver *driver, const char *what)
{
	char path[300];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s", driver->dir, what);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, driver->device, strlen(driver->device)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

bool expect(bool good, const char *what)
{
	if (!good)
		ksft_print_msg("not so: %s\n", what);
	return good;
}
