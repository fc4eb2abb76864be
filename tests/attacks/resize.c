// SPDX-License-Identifier: GPL-2.0
/*
 * A BAR is resized while it is mapped through sysfs or procfs, and that mapping for
 * DMA of another device. The device is an nvme with a buffer of 4 MiB, of which
 * modules/vo_rebar.c has it show more or less.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "bar_file.h"
#include "containers.h"
#include "faults.h"
#include "newcomer.h"
#include "observe.h"
#include "peer.h"
#include "traffic.h"

#define TIMEOUT		180
#define MODULE		"/modules/vo_rebar.ko"
#define MIB		0x100000UL
#define THIRD_IOVA	0x60000000ULL
#define POISON		0xa5

/* As the capability counts them */
enum size { MIB_1, MIB_2, MIB_4, MIB_8, TIB_128 = 27 };

FIXTURE(resize)
{
	struct peer peer;
	struct bar_file file;
	char victim[PCI_NAME_LENGTH];
	int pins;
};

BAR_FILE_VARIANTS(resize)

static int resize(const char *victim, enum size size)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", size);
	return pci_write(victim, "resource2_resize", text);
}

static bool is_resizable(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource2_resize",
		 name);
	return !access(path, F_OK);
}

/* The last nvme is the one that is here for this */
static int find_victim(char victim[PCI_NAME_LENGTH])
{
	char name[PCI_NAME_LENGTH];
	int nth;

	for (nth = 0; !pci_find(name, NVME, true, nth); nth++)
		strcpy(victim, name);
	return nth < 2 ? -ENODEV : 0;
}

static int make_resizable(const char *victim)
{
	int ret = pci_equip(victim, MODULE);

	if (!ret)
		ret = pci_write(victim, "remove", "1");
	return ret ?: pci_rescan();
}

static int have_size(const char *victim, enum size size)
{
	struct pci_bar bar;
	int ret = pci_bar(victim, MEMORY_BAR, &bar);

	if (!ret && bar.size != MIB << size)
		ret = resize(victim, size);
	return ret;
}

FIXTURE_SETUP(resize)
{
	if (access(MODULE, F_OK))
		SKIP(return, "no module that has a BAR be resizable");
	if (container_missing(variant->kind))
		SKIP(return, "no iommufd");
	ASSERT_EQ(0, find_victim(self->victim));
	if (!is_resizable(self->victim))
		ASSERT_EQ(0, make_resizable(self->victim));
	ASSERT_TRUE(is_resizable(self->victim));
	ASSERT_EQ(0, have_size(self->victim, MIB_1));
	self->pins = observe_pins();
	ASSERT_EQ(0, peer_open_engine(&self->peer, variant->kind));
	ASSERT_EQ(0, bar_file_open_peer(&self->peer, &self->file, self->victim,
					variant->way));
	ASSERT_EQ(MIB, self->peer.size);
	memset(self->peer.bar, 0, self->peer.size);
	ASSERT_EQ(0, peer_map(&self->peer, PEER_BAR_IOVA));
}

FIXTURE_TEARDOWN(resize)
{
	peer_close_victim(&self->peer);
	bar_file_close(&self->file);
	peer_close_engine(&self->peer);
	EXPECT_EQ(self->pins, observe_pins());
}

static int let_go(struct peer *peer, struct bar_file *file)
{
	if (container_unmap(peer->container, peer->iova, peer->size) !=
	    (int64_t)peer->size)
		return -EIO;
	munmap(peer->bar, peer->size);
	peer->bar = NULL;
	bar_file_close(file);
	return 0;
}

static int open_anew(FIXTURE_DATA(resize) *self, enum bar_way way)
{
	int ret = bar_file_open_peer(&self->peer, &self->file, self->victim, way);

	return ret ?: peer_map(&self->peer, THIRD_IOVA);
}

/* For the CPU and the engine, up to the end */
static bool works_to_its_end(struct peer *peer, unsigned int seed)
{
	size_t last = peer->size - EDU_MOST;

	return peer_works(peer, seed) &&
	       edu_carries(&peer->edu, peer->ram, PEER_RAM_IOVA,
			   peer->iova + last, seed + 1) &&
	       edu_is(peer->bar + last, seed + 1) &&
	       edu_is(peer->bar + PEER_PLACE, seed);
}

static bool is_poisoned(const unsigned char *map, size_t size)
{
	size_t i;

	for (i = 0; i < size && map[i] == POISON; i++)
		;
	if (i < size)
		printf("# byte %#zx was overwritten\n", i);
	return i == size;
}

/* DMA and the CPU go on meanwhile; what has the address afterwards is whole */
static void resized(struct __test_metadata *_metadata,
		    FIXTURE_DATA(resize) *self, enum bar_way way, enum size size)
{
	struct peer *peer = &self->peer;
	struct traffic traffic;
	struct bar_file file;
	unsigned char *map;
	int faults;

	EXPECT_TRUE(peer_works(peer, 1));
	faults = faults_begin();
	ASSERT_LE(0, faults);
	ASSERT_EQ(0, traffic_begin(&traffic, peer));
	EXPECT_TRUE(traffic_flows(&traffic));
	EXPECT_EQ(0, resize(self->victim, size));
	ASSERT_EQ(0, bar_file_open(&file, self->victim, MEMORY_BAR, way));
	EXPECT_EQ(MIB << size, file.bar.size);
	map = bar_file_map(&file, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, map);
	memset(map, POISON, file.bar.size);
	EXPECT_TRUE(traffic_flows(&traffic));
	traffic_end(&traffic);
	EXPECT_LT(0, faults_end(faults, peer->edu.dev.name,
				peer->iova + PEER_PLACE, EDU_MOST));
	EXPECT_TRUE(bar_file_is_gone(peer, -ENODEV));
	EXPECT_TRUE(is_poisoned(map, file.bar.size));
	munmap(map, file.bar.size);
	bar_file_close(&file);
	traffic_settle();
}

static void works_anew(struct __test_metadata *_metadata,
		       FIXTURE_DATA(resize) *self, enum bar_way way, size_t size)
{
	ASSERT_EQ(0, let_go(&self->peer, &self->file));
	EXPECT_EQ(self->pins, observe_pins());
	ASSERT_EQ(0, open_anew(self, way));
	EXPECT_EQ(size, self->peer.size);
	EXPECT_TRUE(works_to_its_end(&self->peer, 3));
}

TEST_F_TIMEOUT(resize, grows, TIMEOUT)
{
	resized(_metadata, self, variant->way, MIB_2);
	works_anew(_metadata, self, variant->way, 2 * MIB);
}

/* What it gives away may be another device's */
TEST_F_TIMEOUT(resize, shrinks, TIMEOUT)
{
	struct peer *peer = &self->peer;
	struct newcomer newcomer;
	uint64_t given;

	ASSERT_EQ(0, let_go(peer, &self->file));
	ASSERT_EQ(0, resize(self->victim, MIB_4));
	ASSERT_EQ(0, open_anew(self, variant->way));
	ASSERT_EQ(4 * MIB, peer->size);
	EXPECT_TRUE(works_to_its_end(peer, 1));
	given = self->file.bar.start + peer->size - MIB;
	ASSERT_EQ(0, resize(self->victim, MIB_1));

	/* The device itself answers there as before, but does not decode */
	ASSERT_EQ(0, pci_decode(self->victim, false));
	ASSERT_EQ(0, newcomer_take_at(&newcomer, given, MIB));
	EXPECT_TRUE(peer_denied_at(peer, peer->size - MIB + PEER_PLACE));
	EXPECT_TRUE(bar_file_is_gone(peer, -ENODEV));
	EXPECT_EQ(0, newcomer_leave(&newcomer));
	EXPECT_TRUE(newcomer_is_whole(&newcomer));
	newcomer_close(&newcomer);
	works_anew(_metadata, self, variant->way, MIB);
}

/* It is released, and has its address again, but what was mapped is gone */
TEST_F_TIMEOUT(resize, has_no_room, TIMEOUT)
{
	struct peer *peer = &self->peer;

	EXPECT_TRUE(peer_works(peer, 1));
	EXPECT_EQ(-ENOSPC, resize(self->victim, TIB_128));
	EXPECT_TRUE(peer_denied(peer));
	EXPECT_TRUE(bar_file_is_gone(peer, -ENODEV));
	works_anew(_metadata, self, variant->way, MIB);
}

/* It is refused before anything is released: the BAR is what it was */
TEST_F_TIMEOUT(resize, is_refused, TIMEOUT)
{
	struct peer *peer = &self->peer;

	EXPECT_TRUE(peer_works(peer, 1));
	EXPECT_EQ(-EINVAL, resize(self->victim, MIB_8));
	EXPECT_TRUE(peer_carries(peer, 2));
	/* sysfs has had other files since */
	EXPECT_TRUE(variant->way == BAR_PROCFS ?
		    edu_is(peer->bar + PEER_PLACE, 2) : bar_file_is_gone(peer, -ENODEV));
	works_anew(_metadata, self, variant->way, MIB);
}

/* QEMU 7.2 dies of device memory that goes while another processor is in it */
static int stay_on_a_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/* Nobody writes there any more, not even who did before and after */
TEST_F_TIMEOUT(resize, while_written, TIMEOUT)
{
	volatile unsigned char *bar = self->peer.bar;
	struct bar_file file;
	unsigned char *map;
	int status = 0;
	pid_t pid;

	ASSERT_EQ(0, stay_on_a_processor());
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			bar[0]++;
	}
	ASSERT_LT(0, pid);
	usleep(200000);
	EXPECT_EQ(0, resize(self->victim, MIB_2));
	ASSERT_EQ(0, bar_file_open(&file, self->victim, MEMORY_BAR,
				   variant->way));
	map = bar_file_map(&file, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, map);
	memset(map, POISON, file.bar.size);
	usleep(500000);
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	EXPECT_TRUE(is_poisoned(map, file.bar.size));
	munmap(map, file.bar.size);
	bar_file_close(&file);
	works_anew(_metadata, self, variant->way, 2 * MIB);
}

TEST_HARNESS_MAIN
