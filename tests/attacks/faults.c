// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"

#define INTERRUPT_US	100000
#define INTERRUPTS	20	/* that long on a busy machine */
/* The kernel logs no more than a few in five seconds */
#define PACE_US		2200000

void kernel_log(const char *text)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	char line[256];
	int len;

	if (fd < 0)
		return;
	/* The console waits for the end of the line; dprintf() would seek */
	len = snprintf(line, sizeof(line), "%s\n", text);
	if (write(fd, line, len) != len)
		perror("# /dev/kmsg");
	close(fd);
}

bool kernel_log_read(int fd, char *line, size_t size)
{
	ssize_t n;

	/* EPIPE: lines were lost, and the next one is there */
	do {
		n = read(fd, line, size - 1);
	} while (n < 0 && errno == EPIPE);
	if (n <= 0)
		return false;
	line[n] = '\0';
	return true;
}

int faults_begin(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	usleep(PACE_US);
	lseek(fd, 0, SEEK_END);
	kernel_log("vo: faults of the IOMMU are due");
	return fd;
}

/* What has been logged since the last call */
static int read_faults(int fd, const char *pci_name, uint64_t iova, size_t len)
{
	unsigned long long addr;
	char line[1024], *at;
	int count = 0;

	while (kernel_log_read(fd, line, sizeof(line))) {
		at = strstr(line, "fault addr ");
		if (!at || !strstr(line, pci_name) ||
		    sscanf(at, "fault addr %llx", &addr) != 1)
			continue;
		if (addr + 4095 >= iova && addr < iova + len)
			count++;
	}
	return count;
}

int faults_end(int fd, const char *pci_name, uint64_t iova, size_t len)
{
	int count = 0, i;

	/* The kernel leaves out the domain */
	pci_name = strchr(pci_name, ':') + 1;
	for (i = 0; i < INTERRUPTS && !count; i++) {
		usleep(INTERRUPT_US);
		count = read_faults(fd, pci_name, iova, len);
	}
	kernel_log("vo: no more faults are due");
	close(fd);
	return count;
}
