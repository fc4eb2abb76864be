// SPDX-License-Identifier: GPL-2.0
/*
 * The BAR of a device without a driver is mapped through sysfs or procfs, and that
 * mapping for DMA of another device. Then it goes: the device is unplugged, and
 * another one has its address; a driver claims it; who has mapped it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "bar_file.h"
#include "containers.h"
#include "faults.h"
#include "host.h"
#include "newcomer.h"
#include "observe.h"
#include "peer.h"
#include "traffic.h"

#define TIMEOUT		180
#define LONG_TIMEOUT	900
#define ROUNDS		1000
#define KILLS		20
#define OTHER_IOVA	0x50000000ULL
#define THIRD_IOVA	0x60000000ULL

FIXTURE(bars)
{
	struct peer peer;
	struct bar_file file;
	char victim[PCI_NAME_LENGTH];
	int pins;
};

BAR_FILE_VARIANTS(bars)

FIXTURE_SETUP(bars)
{
	if (container_missing(variant->kind))
		SKIP(return, "no iommufd");
	self->pins = observe_pins();
	ASSERT_EQ(0, host_find_swapped(self->victim));
	ASSERT_EQ(0, peer_open_engine(&self->peer, variant->kind));
	ASSERT_EQ(0, bar_file_open_peer(&self->peer, &self->file, self->victim,
			      variant->way));
	memset(self->peer.bar, 0, self->peer.size);
	ASSERT_EQ(0, peer_map(&self->peer, PEER_BAR_IOVA));
}

FIXTURE_TEARDOWN(bars)
{
	peer_close_victim(&self->peer);
	bar_file_close(&self->file);
	peer_close_engine(&self->peer);
	EXPECT_EQ(self->pins, observe_pins());
}

/* Nothing of it is left, and what is there now is as good as it was */
static int open_anew(struct peer *peer, struct bar_file *file,
		     const char *victim, enum bar_way way)
{
	int ret;

	if (container_unmap(peer->container, peer->iova, peer->size) !=
	    (int64_t)peer->size)
		return -EIO;
	munmap(peer->bar, peer->size);
	bar_file_close(file);
	ret = bar_file_open_peer(peer, file, victim, way);
	return ret ?: peer_map(peer, THIRD_IOVA);
}

/* ---- by the host, with the next one in its place ---- */

TEST_F_TIMEOUT(bars, newcomer_is_safe, TIMEOUT)
{
	struct peer *peer = &self->peer;
	struct newcomer newcomer;
	struct traffic traffic;
	struct pci_bar old;
	int faults;

	ASSERT_EQ(0, pci_bar(self->victim, MEMORY_BAR, &old));
	EXPECT_TRUE(peer_works(peer, 1));
	faults = faults_begin();
	ASSERT_LE(0, faults);
	ASSERT_EQ(0, traffic_begin(&traffic, peer));
	EXPECT_TRUE(traffic_flows(&traffic));
	EXPECT_EQ(0, host_swap(self->victim));
	EXPECT_EQ(0, newcomer_watch(&newcomer, self->victim));
	EXPECT_EQ(old.start, newcomer.own.start);
	EXPECT_TRUE(traffic_flows(&traffic));
	traffic_end(&traffic);
	EXPECT_LT(0, faults_end(faults, peer->edu.dev.name,
				peer->iova + PEER_PLACE, EDU_MOST));
	EXPECT_TRUE(newcomer_is_whole(&newcomer));
	EXPECT_TRUE(bar_file_is_gone(peer, -ENODEV));
	EXPECT_TRUE(newcomer_is_whole(&newcomer));
	newcomer_close(&newcomer);
	traffic_settle();
	ASSERT_EQ(0, open_anew(peer, &self->file, self->victim, variant->way));
	EXPECT_TRUE(peer_works(peer, 2));
}

/* ---- by who manages the guest, in no time ---- */

static int go_and_come_back(const char *victim)
{
	int ret = pci_write(victim, "remove", "1");

	return ret ?: pci_rescan();
}

TEST_F_TIMEOUT(bars, removed, TIMEOUT)
{
	struct peer *peer = &self->peer;

	EXPECT_TRUE(peer_works(peer, 1));
	ASSERT_EQ(0, pci_write(self->victim, "remove", "1"));
	EXPECT_TRUE(peer_denied(peer));
	EXPECT_TRUE(bar_file_is_gone(peer, -ENODEV));
	ASSERT_EQ(0, pci_rescan());
	ASSERT_EQ(0, pci_decode(self->victim, true));
	/* It is another one now, though the same */
	EXPECT_TRUE(peer_denied(peer));
	EXPECT_TRUE(bar_file_is_gone(peer, -ENODEV));
	ASSERT_EQ(0, open_anew(peer, &self->file, self->victim, variant->way));
	EXPECT_TRUE(edu_is(peer->bar + PEER_PLACE, 1));
	EXPECT_TRUE(peer_works(peer, 2));
}

/* Like the device, a BAR that nobody pins any more is forgotten */
TEST_F_TIMEOUT(bars, munmap, TIMEOUT)
{
	struct peer *peer = &self->peer;

	munmap(peer->bar, peer->size);
	peer->bar = NULL;
	EXPECT_TRUE(peer_carries(peer, 1));
	ASSERT_EQ(0, go_and_come_back(self->victim));
	ASSERT_EQ(0, pci_decode(self->victim, true));
	EXPECT_TRUE(peer_denied(peer));
	EXPECT_EQ((int64_t)peer->size,
		  container_unmap(peer->container, peer->iova, peer->size));
}

/* ---- races ---- */

struct mapper {
	struct peer *peer;
	const char *victim;
	enum bar_way way;
	atomic_int rounds;
	int mapped;
	int refused;
	int ret;
};

/*
 * What is not there any more is refused, and what is not yet: before it is claimed
 * it is nobody's. All else is an error.
 */
static bool is_refusal(int ret)
{
	return ret == -ENODEV || ret == -EFAULT;
}

static int map_once(struct mapper *mapper)
{
	int container = mapper->peer->container, ret;
	struct bar_file file;
	size_t size;
	void *map;

	if (bar_file_open(&file, mapper->victim, MEMORY_BAR, mapper->way))
		return -ENOENT;
	size = file.bar.size;
	map = bar_file_map(&file, PROT_READ | PROT_WRITE, MAP_SHARED);
	/* Opened before its address is there, or after it has gone */
	ret = map == MAP_FAILED ? -errno : 0;
	if (ret == -EINVAL || (ret == -EIO && mapper->way == BAR_PROCFS))
		ret = -ENODEV;
	if (!ret) {
		ret = container_map(container, map, size, OTHER_IOVA);
		read_is_sigbus(map);
		if (!ret && container_unmap(container, OTHER_IOVA, size) !=
		    (int64_t)size)
			ret = -ERANGE;
		munmap(map, size);
	}
	bar_file_close(&file);
	return ret;
}

static void *map_in_a_loop(void *data)
{
	struct mapper *mapper = data;
	int ret;

	while (atomic_load(&mapper->rounds) && !mapper->ret) {
		ret = map_once(mapper);
		if (ret == -ENOENT) {
			usleep(1000);
			continue;
		}
		mapper->mapped += !ret;
		mapper->refused += is_refusal(ret);
		if (ret && !is_refusal(ret))
			mapper->ret = ret;
		atomic_fetch_sub(&mapper->rounds, 1);
	}
	atomic_store(&mapper->rounds, 0);
	return NULL;
}

/* Since it has gone once, nobody writes to it who may */
static int watch_once(const char *victim)
{
	struct newcomer newcomer;
	int ret = newcomer_watch(&newcomer, victim);

	if (!ret)
		newcomer_close(&newcomer);
	return ret;
}

static bool is_whole(const char *victim)
{
	struct newcomer newcomer;
	bool whole;

	if (newcomer_look(&newcomer, victim))
		return false;
	whole = newcomer_is_whole(&newcomer);
	newcomer_close(&newcomer);
	return whole;
}

/* The engine goes on to write to where the BAR was before it went */
TEST_F_TIMEOUT(bars, races, LONG_TIMEOUT)
{
	struct mapper mapper = {
		.peer = &self->peer,
		.victim = self->victim,
		.way = variant->way,
		.rounds = ROUNDS,
	};
	int removals = 0, ret = 0, faults;
	struct peer *peer = &self->peer;
	struct traffic traffic;
	pthread_t thread;

	faults = faults_begin();
	ASSERT_LE(0, faults);
	ASSERT_EQ(0, traffic_begin(&traffic, peer));
	EXPECT_TRUE(traffic_flows(&traffic));
	ASSERT_EQ(0, pthread_create(&thread, NULL, map_in_a_loop, &mapper));
	while (atomic_load(&mapper.rounds) && !ret) {
		ret = go_and_come_back(self->victim);
		if (!ret && !removals)
			ret = watch_once(self->victim);
		usleep(50000 * (removals % 4));
		removals++;
	}
	pthread_join(thread, NULL);
	EXPECT_TRUE(traffic_flows(&traffic));
	traffic_end(&traffic);
	EXPECT_LT(0, faults_end(faults, peer->edu.dev.name,
				peer->iova + PEER_PLACE, EDU_MOST));
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, mapper.ret);
	EXPECT_LT(0, mapper.mapped);
	printf("# mapped %d times, refused %d times, removed %d times\n",
	       mapper.mapped, mapper.refused, removals);
	EXPECT_TRUE(is_whole(self->victim));
	traffic_settle();
	ASSERT_EQ(0, open_anew(peer, &self->file, self->victim, variant->way));
	EXPECT_TRUE(peer_works(peer, 1));
}

/* ---- others that have the BAR ---- */

/* A driver, which wants it for itself */
TEST_F_TIMEOUT(bars, claimed, TIMEOUT)
{
	struct vfio_device dev = { .fd = -1 };
	struct peer *peer = &self->peer;
	int container;
	size_t size;
	void *map;

	container = container_open(variant->kind);
	ASSERT_LE(0, container);
	EXPECT_TRUE(peer_works(peer, 1));
	/* It is bound, and opens the device */
	ASSERT_EQ(0, vfio_open(&dev, self->victim, container, variant->kind));
	map = vfio_map_bar(&dev, MEMORY_BAR, &size);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(peer_denied(peer));
	EXPECT_TRUE(bar_file_is_gone(peer, -ENODEV));
	errno = 0;
	EXPECT_EQ(MAP_FAILED, bar_file_map(&self->file, PROT_READ, MAP_SHARED));
	EXPECT_EQ(EINVAL, errno);

	munmap(map, size);
	vfio_close(&dev);
	close(container);
	EXPECT_EQ(0, pci_write(self->victim, "driver_override", "\n"));
	ASSERT_EQ(0, pci_unbind(self->victim));
	/* The old mapping is not brought back by that */
	EXPECT_TRUE(bar_file_is_gone(peer, -ENODEV));
	ASSERT_EQ(0, open_anew(peer, &self->file, self->victim, variant->way));
	EXPECT_TRUE(peer_works(peer, 2));
}

/* Where two_importers has it in the container of the engine */
static bool denied_at_both(struct peer *peer)
{
	struct peer other = *peer;
	bool denied = peer_denied(peer);

	other.iova = OTHER_IOVA;
	return peer_denied(&other) && denied;
}

static bool works_at_both(struct peer *peer, unsigned int seed)
{
	struct peer other = *peer;

	other.iova = OTHER_IOVA;
	return peer_works(peer, seed) && peer_works(&other, seed + 1);
}

/* Another importer, without an engine: it is told, too, and can let go */
TEST_F_TIMEOUT(bars, two_importers, TIMEOUT)
{
	struct vfio_device dev = { .fd = -1 };
	struct peer *peer = &self->peer;
	char name[PCI_NAME_LENGTH];
	int container;

	ASSERT_EQ(0, pci_find(name, IVSHMEM, true, 0));
	container = container_open(variant->kind);
	ASSERT_LE(0, container);
	ASSERT_EQ(0, vfio_open(&dev, name, container, variant->kind));
	ASSERT_EQ(0, container_map(container, peer->bar, peer->size,
				   PEER_BAR_IOVA));
	/* And a second time in the first */
	ASSERT_EQ(0, container_map(peer->container, peer->bar, peer->size,
				   OTHER_IOVA));
	EXPECT_TRUE(works_at_both(peer, 1));
	ASSERT_EQ(0, go_and_come_back(self->victim));
	ASSERT_EQ(0, pci_decode(self->victim, true));
	EXPECT_TRUE(denied_at_both(peer));
	EXPECT_EQ((int64_t)peer->size,
		  container_unmap(container, PEER_BAR_IOVA, peer->size));
	EXPECT_EQ(-ENODEV, container_map(container, peer->bar, peer->size,
					 PEER_BAR_IOVA));
	EXPECT_EQ((int64_t)peer->size,
		  container_unmap(peer->container, OTHER_IOVA, peer->size));
	vfio_close(&dev);
	close(container);
}

/* ---- processes that end ---- */

/* Whoever has mapped it is killed: the pin stays, and goes with the device */
TEST_F_TIMEOUT(bars, exporter_is_killed, TIMEOUT)
{
	struct peer *peer = &self->peer;
	int ready[2];
	char said;
	pid_t pid;

	EXPECT_EQ((int64_t)peer->size,
		  container_unmap(peer->container, peer->iova, peer->size));
	munmap(peer->bar, peer->size);
	peer->bar = NULL;
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid) {
		if (bar_file_open_peer(peer, &self->file, self->victim, variant->way) ||
		    peer_map(peer, OTHER_IOVA) || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			peer->bar[0]++;
	}
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &said, 1));
	close(ready[0]);
	peer->iova = OTHER_IOVA;
	EXPECT_TRUE(peer_carries(peer, 1));
	ASSERT_EQ(0, peer_kill(pid));
	EXPECT_TRUE(peer_carries(peer, 2));
	ASSERT_EQ(0, go_and_come_back(self->victim));
	ASSERT_EQ(0, pci_decode(self->victim, true));
	EXPECT_TRUE(peer_denied(peer));
	EXPECT_EQ((int64_t)HOST_SWAPPED_SIZE,
		  container_unmap(peer->container, OTHER_IOVA,
				  HOST_SWAPPED_SIZE));
}

/* The engine goes to the child */
static pid_t become_exporter(struct peer *peer)
{
	if (container_unmap(peer->container, peer->iova, peer->size) !=
	    (int64_t)peer->size)
		return -EIO;
	edu_close(&peer->edu);
	return peer_fork(peer, NULL, peer_import);
}

/* And comes back, with a container of its own */
static int become_importer(struct peer *peer, struct bar_file *file,
			   const char *victim, enum bar_way way)
{
	enum container kind = peer->kind;
	int ret;

	munmap(peer->bar, peer->size);
	munmap(peer->ram, PEER_RAM_SIZE);
	close(peer->container);
	bar_file_close(file);
	ret = peer_open_engine(peer, kind);
	if (!ret)
		ret = bar_file_open_peer(peer, file, victim, way);
	return ret ?: peer_map(peer, THIRD_IOVA);
}

TEST_F_TIMEOUT(bars, importer_is_killed, TIMEOUT)
{
	struct peer *peer = &self->peer;
	pid_t pid = become_exporter(peer);

	ASSERT_LT(0, pid);
	/* No other kernel than ours lists them */
	if (self->pins >= 0)
		EXPECT_LT(self->pins, observe_pins());
	ASSERT_EQ(0, peer_kill(pid));
	EXPECT_EQ(self->pins, observe_pins());
	/* There is nobody whom this could reach */
	ASSERT_EQ(0, go_and_come_back(self->victim));
	ASSERT_EQ(0, become_importer(peer, &self->file, self->victim,
				     variant->way));
	EXPECT_TRUE(peer_works(peer, 1));
}

TEST_F_TIMEOUT(bars, importer_is_killed_while_it_is_gone, TIMEOUT)
{
	struct peer *peer = &self->peer;
	pid_t pid = become_exporter(peer);

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, pci_write(self->victim, "remove", "1"));
	ASSERT_EQ(0, peer_kill(pid));
	EXPECT_EQ(self->pins, observe_pins());
	ASSERT_EQ(0, pci_rescan());
	ASSERT_EQ(0, become_importer(peer, &self->file, self->victim,
				     variant->way));
	EXPECT_TRUE(peer_works(peer, 1));
}

/* In the middle of whatever it does */
TEST_F_TIMEOUT(bars, killed_anywhere, LONG_TIMEOUT)
{
	struct mapper mapper = {
		.peer = &self->peer,
		.victim = self->victim,
		.way = variant->way,
		.rounds = INT32_MAX,
	};
	pid_t pid;
	int i;

	for (i = 0; i < KILLS; i++) {
		pid = fork();
		if (!pid) {
			map_in_a_loop(&mapper);
			printf("# %s\n", errno_name(-mapper.ret));
			_exit(1);
		}
		ASSERT_LT(0, pid);
		usleep(1000 * (7 * i % 40));
		if (i % 2)
			EXPECT_EQ(0, go_and_come_back(self->victim));
		EXPECT_EQ(0, peer_kill(pid));
		/* What it may have left there */
		container_unmap(self->peer.container, OTHER_IOVA,
				HOST_SWAPPED_SIZE);
	}
	ASSERT_EQ(0, pci_decode(self->victim, true));
	ASSERT_EQ(0, open_anew(&self->peer, &self->file, self->victim,
			       variant->way));
	EXPECT_TRUE(peer_works(&self->peer, 1));
}

TEST_HARNESS_MAIN
