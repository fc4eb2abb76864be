// SPDX-License-Identifier: GPL-2.0
/*
 * What ends while a BAR is mapped for DMA: its mapping for the CPU, the process
 * that has its device, the process that has the container, its driver.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "containers.h"
#include "observe.h"
#include "peer.h"

#define TIMEOUT		120
#define OTHER_IOVA	0x50000000ULL

FIXTURE(ends)
{
	struct peer peer;
	char victim[PCI_NAME_LENGTH];
	int pins;
};

FIXTURE_VARIANT(ends)
{
	enum container kind;
};

CONTAINER_VARIANTS(ends)

FIXTURE_SETUP(ends)
{
	if (container_missing(variant->kind))
		SKIP(return, "no iommufd");
	self->pins = observe_pins();
	ASSERT_EQ(0, pci_find(self->victim, IVSHMEM, true, 0));
	ASSERT_EQ(0, peer_open_engine(&self->peer, variant->kind));
}

FIXTURE_TEARDOWN(ends)
{
	peer_close_victim(&self->peer);
	peer_close_engine(&self->peer);
	EXPECT_EQ(self->pins, observe_pins());
}

/* A pin belongs to the BAR, not to the address that led to it */
TEST_F_TIMEOUT(ends, munmap, TIMEOUT)
{
	struct peer *peer = &self->peer;

	ASSERT_EQ(0, peer_open_victim(peer, self->victim));
	ASSERT_EQ(0, peer_map(peer, PEER_BAR_IOVA));
	EXPECT_TRUE(peer_works(peer, 1));
	munmap(peer->bar, peer->size);
	peer->bar = NULL;
	EXPECT_TRUE(peer_carries(peer, 2));

	ASSERT_EQ(0, peer_decode(peer, false));
	EXPECT_TRUE(peer_newcomer_is_safe(peer, self->victim));
	ASSERT_EQ(0, peer_decode(peer, true));
	EXPECT_TRUE(peer_carries(peer, 3));
	EXPECT_EQ((int64_t)peer->size,
		  container_unmap(peer->container, peer->iova, peer->size));
	EXPECT_TRUE(peer_denied(peer));
}

/* Another BAR at the same address does not stand for it */
TEST_F_TIMEOUT(ends, mapped_anew, TIMEOUT)
{
	struct peer *peer = &self->peer;
	size_t size;

	ASSERT_EQ(0, peer_open_victim(peer, self->victim));
	ASSERT_EQ(0, peer_map(peer, PEER_BAR_IOVA));
	ASSERT_EQ(peer->bar, mmap(peer->bar, peer->size, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1,
				  0));
	EXPECT_TRUE(peer_carries(peer, 1));
	ASSERT_EQ(peer->bar, vfio_map_bar_at(&peer->victim, MEMORY_BAR,
					     peer->bar, &size));
	EXPECT_TRUE(peer_works(peer, 2));
}

static void *unbind(void *name)
{
	return (void *)(intptr_t)pci_unbind(name);
}

/* It waits for the device to be closed */
TEST_F_TIMEOUT(ends, unbind, TIMEOUT)
{
	struct peer *peer = &self->peer;
	pthread_t thread;
	void *ret;

	ASSERT_EQ(0, peer_open_victim(peer, self->victim));
	ASSERT_EQ(0, peer_map(peer, PEER_BAR_IOVA));
	EXPECT_TRUE(peer_works(peer, 1));
	ASSERT_EQ(0, pthread_create(&thread, NULL, unbind, self->victim));
	usleep(100000);
	EXPECT_TRUE(peer_works(peer, 2));
	peer_close_victim(peer);
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(NULL, ret);
	EXPECT_TRUE(peer_newcomer_is_safe(peer, self->victim));

	/* And back, as another one */
	ASSERT_EQ(0, peer_open_victim(peer, self->victim));
	EXPECT_TRUE(peer_denied(peer));
	ASSERT_EQ(0, peer_map(peer, OTHER_IOVA));
	EXPECT_TRUE(peer_works(peer, 3));
}

/* ---- two processes ---- */

/* The victim is the child's, the container and the engine are ours */
static int export(struct peer *peer, const char *victim)
{
	int ret = peer_open_victim(peer, victim);

	return ret ?: peer_map(peer, PEER_BAR_IOVA);
}

TEST_F_TIMEOUT(ends, exporter_exits, TIMEOUT)
{
	struct peer *peer = &self->peer;
	pid_t pid = peer_fork(peer, self->victim, export);

	ASSERT_LT(0, pid);
	peer->iova = PEER_BAR_IOVA;
	EXPECT_TRUE(peer_carries(peer, 1));
	ASSERT_EQ(0, peer_kill(pid));
	EXPECT_TRUE(peer_newcomer_is_safe(peer, self->victim));

	ASSERT_EQ(0, peer_open_victim(peer, self->victim));
	EXPECT_TRUE(peer_denied(peer));
	ASSERT_EQ(0, peer_map(peer, OTHER_IOVA));
	EXPECT_TRUE(peer_works(peer, 2));
}

TEST_F_TIMEOUT(ends, importer_exits, TIMEOUT)
{
	struct peer *peer = &self->peer, engine;
	pid_t pid;

	/* The engine goes to the child */
	edu_close(&peer->edu);
	ASSERT_EQ(0, peer_open_victim(peer, self->victim));
	pid = peer_fork(peer, self->victim, peer_import);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, peer_decode(peer, false));
	EXPECT_EQ(0, peer_decode(peer, true));
	ASSERT_EQ(0, peer_kill(pid));
	EXPECT_EQ(self->pins, observe_pins());

	/* There is nobody whom this could reach */
	EXPECT_EQ(0, peer_decode(peer, false));
	EXPECT_EQ(0, peer_decode(peer, true));
	ASSERT_EQ(0, peer_open_engine(&engine, variant->kind));
	engine.bar = peer->bar;
	engine.size = peer->size;
	ASSERT_EQ(0, peer_map(&engine, PEER_BAR_IOVA));
	EXPECT_TRUE(peer_works(&engine, 8));
	/* What teardown closes is that one */
	munmap(engine.ram, PEER_RAM_SIZE);
	peer->edu = engine.edu;
	close(engine.container);
}

TEST_HARNESS_MAIN
