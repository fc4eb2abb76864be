// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "faults.h"

#define EDU_DMA_SRC	0x80
#define EDU_DMA_DST	0x88
#define EDU_DMA_COUNT	0x90
#define EDU_DMA_CMD	0x98
#define EDU_DMA_RUN	1
#define EDU_DMA_WRITE	2
#define EDU_MEMORY	0x40000

#define POLL_US		1000
#define PATIENCE	5000	/* polls */

int edu_open(struct edu *edu, int container, enum container kind)
{
	char name[PCI_NAME_LENGTH];
	int ret;

	edu->dev.fd = -1;
	ret = pci_find(name, EDU, false, 0);
	if (!ret)
		ret = vfio_open(&edu->dev, name, container, kind);
	return ret ?: edu_start(edu);
}

int edu_start(struct edu *edu)
{
	edu->regs = vfio_map_bar(&edu->dev, 0, &edu->size);
	if (edu->regs == MAP_FAILED) {
		vfio_close(&edu->dev);
		return -errno;
	}
	return vfio_command(&edu->dev, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
			    0);
}

void edu_close(struct edu *edu)
{
	munmap((void *)edu->regs, edu->size);
	vfio_close(&edu->dev);
}

static void set(struct edu *edu, int reg, uint64_t value)
{
	*(volatile uint64_t *)(edu->regs + reg) = value;
}

static int run(struct edu *edu, uint64_t src, uint64_t dst, size_t len,
	       unsigned int how)
{
	int i;

	if (len > EDU_MOST)
		return -EINVAL;
	set(edu, EDU_DMA_SRC, src);
	set(edu, EDU_DMA_DST, dst);
	set(edu, EDU_DMA_COUNT, len);
	set(edu, EDU_DMA_CMD, EDU_DMA_RUN | how);
	for (i = 0; i < PATIENCE; i++) {
		usleep(POLL_US);
		if (!(*(volatile uint32_t *)(edu->regs + EDU_DMA_CMD) &
		      EDU_DMA_RUN))
			return 0;
	}
	return -ETIMEDOUT;
}

int edu_read(struct edu *edu, uint64_t iova, size_t len)
{
	return run(edu, iova, EDU_MEMORY, len, 0);
}

int edu_write(struct edu *edu, uint64_t iova, size_t len)
{
	return run(edu, EDU_MEMORY, iova, len, EDU_DMA_WRITE);
}

void edu_fill(unsigned char *to, unsigned int seed)
{
	unsigned int i;

	for (i = 0; i < EDU_MOST; i++)
		to[i] = i * 7 + (i >> 8) + seed;
}

bool edu_is(const volatile unsigned char *memory, unsigned int seed)
{
	unsigned char due[EDU_MOST];
	unsigned int i;

	edu_fill(due, seed);
	for (i = 0; i < EDU_MOST; i++) {
		if (memory[i] != due[i])
			return false;
	}
	return true;
}

bool edu_carries(struct edu *edu, unsigned char *ram, uint64_t ram_iova,
		 uint64_t iova, unsigned int seed)
{
	edu_fill(ram, seed);
	if (edu_read(edu, ram_iova, EDU_MOST) || edu_write(edu, iova, EDU_MOST))
		return false;
	/* or else it is what the engine still has */
	memset(ram, 0, 2 * EDU_MOST);
	if (edu_read(edu, ram_iova + EDU_MOST, EDU_MOST) ||
	    edu_read(edu, iova, EDU_MOST) || edu_write(edu, ram_iova, EDU_MOST))
		return false;
	return edu_is(ram, seed);
}

bool edu_faults(struct edu *edu,
		int (*access)(struct edu *edu, uint64_t iova, size_t len),
		uint64_t iova)
{
	int fd = faults_begin();

	if (fd < 0)
		return false;
	return !access(edu, iova, EDU_MOST) &
	       (faults_end(fd, edu->dev.name, iova, EDU_MOST) > 0);
}
