// SPDX-License-Identifier: GPL-2.0
/*
 * A device writes another device's BAR and reads it back, both behind VFIO in
 * one container. Then the other one loses its memory, and its address is given
 * to a third device, the newcomer, which is nobody's: not one byte of it may
 * change.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "edu.h"
#include "faults.h"
#include "newcomer.h"
#include "observe.h"
#include "traffic.h"
#include "vfio.h"

#define RAM_IOVA	0x100000ULL
#define RAM_SIZE	4096
#define BAR_IOVA	0x40000000ULL
#define OTHER_IOVA	0x50000000ULL
#define PLACE		0x3800	/* in the BAR */
#define LEN		EDU_MOST
#define TIMEOUT		120
#define ROUNDS		1000
#define LONG_TIMEOUT	600

FIXTURE(p2p)
{
	struct edu edu;
	struct vfio_device victim;
	unsigned char *ram;
	unsigned char *bar;
	size_t size;
	int container;
	int pins;
};

FIXTURE_VARIANT(p2p)
{
	enum container kind;
};

FIXTURE_VARIANT_ADD(p2p, type1_v1) { .kind = CONTAINER_TYPE1_V1 };
FIXTURE_VARIANT_ADD(p2p, type1) { .kind = CONTAINER_TYPE1 };
FIXTURE_VARIANT_ADD(p2p, compat_v1) { .kind = CONTAINER_COMPAT_V1 };
FIXTURE_VARIANT_ADD(p2p, compat) { .kind = CONTAINER_COMPAT };

FIXTURE_SETUP(p2p)
{
	char name[PCI_NAME_LENGTH];

	if (container_missing(variant->kind))
		SKIP(return, "no iommufd");
	self->pins = observe_pins();
	self->container = container_open(variant->kind);
	ASSERT_LE(0, self->container);
	ASSERT_EQ(0, edu_open(&self->edu, self->container, variant->kind));
	ASSERT_EQ(0, pci_find(name, IVSHMEM, true, 0));
	ASSERT_EQ(0, vfio_open(&self->victim, name, self->container,
			       variant->kind));
	ASSERT_EQ(0, vfio_command(&self->victim, PCI_COMMAND_MEMORY, 0));
	self->bar = vfio_map_bar(&self->victim, MEMORY_BAR, &self->size);
	ASSERT_NE(MAP_FAILED, self->bar);
	memset(self->bar, 0, self->size);
	self->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->ram);
	ASSERT_EQ(0, container_map(self->container, self->ram, RAM_SIZE,
				   RAM_IOVA));
	ASSERT_EQ(0, container_map(self->container, self->bar, self->size,
				   BAR_IOVA));
}

FIXTURE_TEARDOWN(p2p)
{
	/* A mapping keeps its device open, and that the container */
	munmap(self->bar, self->size);
	vfio_close(&self->victim);
	edu_close(&self->edu);
	close(self->container);
	EXPECT_EQ(self->pins, observe_pins());
}

static bool works_at(FIXTURE_DATA(p2p) *self, uint64_t iova, unsigned int seed)
{
	return edu_carries(&self->edu, self->ram, RAM_IOVA, iova + PLACE,
			   seed) && edu_is(self->bar + PLACE, seed);
}

static bool works(FIXTURE_DATA(p2p) *self, unsigned int seed)
{
	return works_at(self, BAR_IOVA, seed);
}

/* It is the IOMMU that stops what is not there already */
static bool denied(FIXTURE_DATA(p2p) *self, uint64_t iova)
{
	edu_fill(self->ram, EDU_DENIED);
	return !edu_read(&self->edu, RAM_IOVA, LEN) &&
	       edu_faults(&self->edu, edu_write, iova);
}

static int decode(FIXTURE_DATA(p2p) *self, bool on)
{
	return vfio_command(&self->victim, on ? PCI_COMMAND_MEMORY : 0,
			    on ? 0 : PCI_COMMAND_MEMORY);
}

TEST_F_TIMEOUT(p2p, works, TIMEOUT)
{
	EXPECT_TRUE(works(self, 1));
	EXPECT_EQ((int64_t)self->size,
		  container_unmap(self->container, BAR_IOVA, self->size));
	EXPECT_TRUE(denied(self, BAR_IOVA + PLACE));
	EXPECT_TRUE(edu_is(self->bar + PLACE, 1));
}

TEST_F_TIMEOUT(p2p, decode_off, TIMEOUT)
{
	struct newcomer newcomer;

	EXPECT_TRUE(works(self, 1));
	ASSERT_EQ(0, decode(self, false));
	ASSERT_EQ(0, newcomer_take(&newcomer, self->victim.name, MEMORY_BAR));
	EXPECT_TRUE(denied(self, BAR_IOVA + PLACE));
	ASSERT_EQ(0, newcomer_leave(&newcomer));
	EXPECT_TRUE(newcomer_is_whole(&newcomer));
	newcomer_close(&newcomer);

	ASSERT_EQ(0, decode(self, true));
	EXPECT_TRUE(edu_is(self->bar + PLACE, 1));
	EXPECT_TRUE(works(self, 2));
}

TEST_F_TIMEOUT(p2p, decode_off_twice, TIMEOUT)
{
	ASSERT_EQ(0, decode(self, false));
	ASSERT_EQ(0, decode(self, false));
	EXPECT_TRUE(denied(self, BAR_IOVA + PLACE));
	ASSERT_EQ(0, decode(self, true));
	ASSERT_EQ(0, decode(self, true));
	EXPECT_TRUE(works(self, 1));
}

TEST_F_TIMEOUT(p2p, decode_off_mapped_twice, TIMEOUT)
{
	ASSERT_EQ(0, container_map(self->container, self->bar, self->size,
				   OTHER_IOVA));
	EXPECT_TRUE(works(self, 1));
	EXPECT_TRUE(works_at(self, OTHER_IOVA, 2));
	ASSERT_EQ(0, decode(self, false));
	EXPECT_TRUE(denied(self, BAR_IOVA + PLACE));
	EXPECT_TRUE(denied(self, OTHER_IOVA + PLACE));
	ASSERT_EQ(0, decode(self, true));
	EXPECT_TRUE(works(self, 3));
	EXPECT_TRUE(works_at(self, OTHER_IOVA, 4));
}

TEST_F_TIMEOUT(p2p, map_while_decode_is_off, TIMEOUT)
{
	ASSERT_EQ((int64_t)self->size,
		  container_unmap(self->container, BAR_IOVA, self->size));
	ASSERT_EQ(0, decode(self, false));
	EXPECT_EQ(-ENODEV, container_map(self->container, self->bar,
					 self->size, BAR_IOVA));
	ASSERT_EQ(0, decode(self, true));
	EXPECT_TRUE(denied(self, BAR_IOVA + PLACE));
	EXPECT_EQ(0, container_map(self->container, self->bar, self->size,
				   BAR_IOVA));
	EXPECT_TRUE(works(self, 1));
}

TEST_F_TIMEOUT(p2p, unmap_while_decode_is_off, TIMEOUT)
{
	ASSERT_EQ(0, decode(self, false));
	EXPECT_EQ((int64_t)self->size,
		  container_unmap(self->container, BAR_IOVA, self->size));
	ASSERT_EQ(0, decode(self, true));
	EXPECT_TRUE(denied(self, BAR_IOVA + PLACE));
	EXPECT_EQ(self->pins, observe_pins());
}

TEST_F_TIMEOUT(p2p, reset, TIMEOUT)
{
	EXPECT_TRUE(works(self, 1));
	ASSERT_EQ(0, vfio_reset(&self->victim));
	EXPECT_TRUE(works(self, 2));
}

TEST_F_TIMEOUT(p2p, low_power, TIMEOUT)
{
	EXPECT_TRUE(works(self, 1));
	ASSERT_EQ(0, vfio_feature_set(&self->victim,
				      VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
				      NULL, 0));
	EXPECT_TRUE(denied(self, BAR_IOVA + PLACE));
	/* What does not bring the BAR back for the CPU */
	ASSERT_EQ(0, decode(self, true));
	EXPECT_TRUE(denied(self, BAR_IOVA + PLACE));
	ASSERT_EQ(0, vfio_feature_set(&self->victim,
				      VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
				      NULL, 0));
	EXPECT_TRUE(works(self, 2));
}

/* Any access wakes the device up */
TEST_F_TIMEOUT(p2p, low_power_with_wakeup, LONG_TIMEOUT)
{
	struct vfio_device_low_power_entry_with_wakeup entry = {};
	unsigned int feature =
		VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP;
	uint64_t count;
	int i;

	if (!pci_power_is(self->victim.name, "active"))
		SKIP(return, "no CONFIG_PM");
	entry.wakeup_eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ASSERT_LE(0, entry.wakeup_eventfd);
	EXPECT_TRUE(works(self, 1));
	ASSERT_EQ(0, vfio_feature_set(&self->victim, feature, &entry,
				      sizeof(entry)));
	for (i = 0; i < 1000 && !pci_power_is(self->victim.name, "suspended");
	     i++)
		usleep(10000);
	ASSERT_TRUE(pci_power_is(self->victim.name, "suspended"));
	EXPECT_TRUE(denied(self, BAR_IOVA + PLACE));
	EXPECT_LE(0, vfio_config_read16(&self->victim, PCI_COMMAND));
	EXPECT_EQ((ssize_t)sizeof(count),
		  read(entry.wakeup_eventfd, &count, sizeof(count)));
	EXPECT_TRUE(works(self, 2));
	close(entry.wakeup_eventfd);
}

/* Decode goes off and on while the BAR is mapped and unmapped */
struct race {
	const struct vfio_device *victim;
	atomic_bool over;
	atomic_int toggled;
	atomic_int ret;
};

static void *toggle(void *data)
{
	struct race *race = data;

	while (!race->ret && !atomic_load(&race->over)) {
		race->ret = vfio_command(race->victim, 0, PCI_COMMAND_MEMORY) ?:
			    vfio_command(race->victim, PCI_COMMAND_MEMORY, 0);
		atomic_fetch_add(&race->toggled, 1);
	}
	return NULL;
}

/* As soon as it can be mapped */
static int map_in_time(FIXTURE_DATA(p2p) *self, const struct race *race,
		       int *refused)
{
	int ret;

	do {
		ret = container_map(self->container, self->bar, self->size,
				    BAR_IOVA);
		*refused += ret == -ENODEV;
	} while (ret == -ENODEV && !race->ret);
	return ret;
}

TEST_F_TIMEOUT(p2p, races, LONG_TIMEOUT)
{
	struct race race = { .victim = &self->victim };
	int unmapped = 0, refused = 0, ret = 0;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, toggle, &race));
	while (!ret && unmapped < ROUNDS) {
		if (container_unmap(self->container, BAR_IOVA, self->size) !=
		    (int64_t)self->size)
			break;
		unmapped++;
		ret = map_in_time(self, &race, &refused);
	}
	atomic_store(&race.over, true);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, race.ret);
	EXPECT_EQ(ROUNDS, unmapped);
	EXPECT_LT(0, race.toggled);
	printf("# unmapped %d times, refused %d times, decode off %d times\n",
	       unmapped, refused, race.toggled);
	EXPECT_TRUE(works(self, 1));
}

/* RAM, the BAR and RAM in one mapping */
#define MIXED_IOVA	0x80000000ULL
#define MIXED_RAM	(4 * RAM_SIZE)

static unsigned char *map_mixed(FIXTURE_DATA(p2p) *self)
{
	size_t size = MIXED_RAM + self->size + MIXED_RAM, got;
	unsigned char *map;

	map = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED ||
	    vfio_map_bar_at(&self->victim, MEMORY_BAR, map + MIXED_RAM, &got) ==
	    MAP_FAILED)
		return NULL;
	return map;
}

/*
 * A transfer reaches two pages, half of it each: across every second of their borders
 * it reaches all. No page of RAM has a border with the BAR there.
 */
#define PAIR		(2 * RAM_SIZE)
#define IN_PAIR		(RAM_SIZE - LEN / 2)

static bool sweep(FIXTURE_DATA(p2p) *self, size_t size, unsigned int seed)
{
	size_t at;
	int ret;

	edu_fill(self->ram, seed);
	ret = edu_read(&self->edu, RAM_IOVA, LEN);
	for (at = 0; !ret && at < size; at += PAIR)
		ret = edu_write(&self->edu, MIXED_IOVA + at + IN_PAIR, LEN);
	return !ret;
}

/* The IOMMU stops some of it; it has not said of each transfer that it did */
static bool sweep_faults(FIXTURE_DATA(p2p) *self, size_t size, unsigned int seed)
{
	int faults = faults_begin();
	bool swept;

	if (faults < 0)
		return false;
	swept = sweep(self, size, seed);
	if (faults_end(faults, self->edu.dev.name, MIXED_IOVA, size) <= 0)
		swept = false;
	traffic_settle();
	return swept;
}

/* How many of its transfers are in that part of the mapping */
static size_t arrived(const unsigned char *map, size_t from, size_t to,
		      unsigned int seed)
{
	size_t at, count = 0;

	for (at = from; at < to; at += PAIR)
		count += edu_is(map + at + IN_PAIR, seed);
	return count;
}

TEST_F_TIMEOUT(p2p, ram_bar_ram, LONG_TIMEOUT)
{
	size_t size = MIXED_RAM + self->size + MIXED_RAM;
	size_t behind = MIXED_RAM + self->size;
	unsigned char *map = map_mixed(self), *copy = malloc(size);

	ASSERT_NE(NULL, map);
	ASSERT_NE(NULL, copy);
	ASSERT_EQ(0, container_map(self->container, map, size, MIXED_IOVA));
	EXPECT_TRUE(sweep(self, size, 1));
	EXPECT_EQ(size / PAIR, arrived(map, 0, size, 1));
	memcpy(copy, map, size);

	ASSERT_EQ(0, decode(self, false));
	EXPECT_TRUE(sweep_faults(self, size, 2));
	ASSERT_EQ(0, decode(self, true));
	EXPECT_EQ(MIXED_RAM / PAIR, arrived(map, 0, MIXED_RAM, 2));
	EXPECT_EQ(0, memcmp(map + MIXED_RAM, copy + MIXED_RAM, self->size));
	EXPECT_EQ(MIXED_RAM / PAIR, arrived(map, behind, size, 2));
	memcpy(copy, map, size);

	ASSERT_EQ(0, decode(self, false));
	EXPECT_EQ((int64_t)size,
		  container_unmap(self->container, MIXED_IOVA, size));
	ASSERT_EQ(0, decode(self, true));
	EXPECT_TRUE(sweep_faults(self, size, 3));
	EXPECT_EQ(0, memcmp(map, copy, size));
	EXPECT_TRUE(works(self, 4));
	munmap(map, size);
	free(copy);
}

TEST_F_TIMEOUT(p2p, closed, TIMEOUT)
{
	char name[PCI_NAME_LENGTH];

	EXPECT_TRUE(works(self, 1));
	munmap(self->bar, self->size);
	strcpy(name, self->victim.name);
	vfio_close(&self->victim);
	EXPECT_TRUE(denied(self, BAR_IOVA + PLACE));

	/* What is opened again is another owner's */
	ASSERT_EQ(0, vfio_open(&self->victim, name, self->container,
			       variant->kind));
	ASSERT_EQ(0, decode(self, true));
	EXPECT_TRUE(denied(self, BAR_IOVA + PLACE));
	EXPECT_EQ((int64_t)self->size,
		  container_unmap(self->container, BAR_IOVA, self->size));
	self->bar = vfio_map_bar(&self->victim, MEMORY_BAR, &self->size);
	ASSERT_NE(MAP_FAILED, self->bar);
	EXPECT_EQ(0, container_map(self->container, self->bar, self->size,
				   BAR_IOVA));
	EXPECT_TRUE(works(self, 2));
}

TEST_HARNESS_MAIN
