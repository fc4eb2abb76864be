// SPDX-License-Identifier: GPL-2.0
/*
 * Resets, and what comes with them: of the function, of the slot with all that
 * is in it, and the power states that PCI knows.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "containers.h"
#include "faults.h"
#include "native.h"
#include "observe.h"
#include "peer.h"
#include "trace.h"
#include "traffic.h"

#define TIMEOUT		120
#define LONG_TIMEOUT	600
#define TRIES		50
#define RESETS		5
#define REVOKE		"vma_owner/vma_owner_revoke"
#define AF_MODULE	"/modules/vo_af.ko"
#define D0		0
#define D3HOT		3

/* By the register of PCI Express */
static int flr(const struct vfio_device *dev)
{
	return vfio_capability_change(dev, PCI_CAP_ID_EXP, PCI_EXP_DEVCTL, 0,
				      PCI_EXP_DEVCTL_BCR_FLR);
}

/* By the register of Advanced Features */
static int af_flr(const struct vfio_device *dev)
{
	return vfio_capability_change(dev, PCI_CAP_ID_AF, PCI_AF_CTRL, 0,
				      PCI_AF_CTRL_FLR);
}

/* Of all that its slot has */
static int hot_reset(const struct vfio_device *dev)
{
	return vfio_hot_reset(dev, dev->group);
}

/* What is there to be seen of resets while they run */
struct seen {
	int revokes;	/* how often a device lost its memory, or an errno */
	int faults;	/* of the engine, which writes there all the time */
};

static int reset_on(int (*reset)(const struct vfio_device *dev),
		    const struct vfio_device *dev)
{
	int ret = 0, i;

	for (i = 0; !ret && i < RESETS; i++)
		ret = reset(dev);
	return ret;
}

static int reset_under_dma(struct peer *peer,
			   int (*reset)(const struct vfio_device *dev),
			   const struct vfio_device *dev, struct seen *seen)
{
	int faults = faults_begin(), ret;
	struct traffic traffic;

	if (faults < 0)
		return faults;
	ret = traffic_begin(&traffic, peer);
	if (ret) {
		faults_end(faults, peer->edu.dev.name, 0, 0);
		return ret;
	}
	/* No other kernel than ours has it */
	seen->revokes = trace_begin(REVOKE, "name == \"vfio-pci\"");
	ret = reset_on(reset, dev);
	if (!seen->revokes)
		seen->revokes = trace_end(REVOKE, " temporary nested=1 ");
	if (!ret && !traffic_flows(&traffic))
		ret = -EIO;
	traffic_end(&traffic);
	seen->faults = faults_end(faults, peer->edu.dev.name,
				  peer->iova + PEER_PLACE, EDU_MOST);
	traffic_settle();
	return ret;
}

/* ---- one function: an nvme's, which has all of them ---- */

FIXTURE(function)
{
	struct peer peer;
	int pins;
};

FIXTURE_VARIANT(function)
{
	enum container kind;
};

CONTAINER_VARIANTS(function)

FIXTURE_SETUP(function)
{
	if (container_missing(variant->kind))
		SKIP(return, "no iommufd");
	self->pins = observe_pins();
	ASSERT_EQ(0, peer_open(&self->peer, variant->kind, NVME));
}

FIXTURE_TEARDOWN(function)
{
	peer_close_victim(&self->peer);
	peer_close_engine(&self->peer);
	EXPECT_EQ(self->pins, observe_pins());
}

TEST_F_TIMEOUT(function, works, TIMEOUT)
{
	EXPECT_TRUE(peer_works(&self->peer, 1));
}

TEST_F_TIMEOUT(function, decode_off, TIMEOUT)
{
	struct peer *peer = &self->peer;

	ASSERT_EQ(0, peer_decode(peer, false));
	EXPECT_TRUE(peer_newcomer_is_safe(peer, peer->victim.name));
	ASSERT_EQ(0, peer_decode(peer, true));
	EXPECT_TRUE(peer_works(peer, 1));
}

TEST_F_TIMEOUT(function, reset, TIMEOUT)
{
	EXPECT_TRUE(peer_works(&self->peer, 1));
	ASSERT_EQ(0, vfio_reset(&self->peer.victim));
	EXPECT_TRUE(peer_works(&self->peer, 2));
}

/* Decode is off before, and so is the BAR afterwards */
TEST_F_TIMEOUT(function, reset_without_decode, TIMEOUT)
{
	ASSERT_EQ(0, peer_decode(&self->peer, false));
	ASSERT_EQ(0, vfio_reset(&self->peer.victim));
	EXPECT_TRUE(peer_denied(&self->peer));
	ASSERT_EQ(0, peer_decode(&self->peer, true));
	EXPECT_TRUE(peer_works(&self->peer, 1));
}

TEST_F_TIMEOUT(function, flr, TIMEOUT)
{
	EXPECT_TRUE(peer_works(&self->peer, 1));
	ASSERT_EQ(0, flr(&self->peer.victim));
	EXPECT_TRUE(peer_works(&self->peer, 2));
}

TEST_F_TIMEOUT(function, d3hot, TIMEOUT)
{
	struct vfio_device *victim = &self->peer.victim;

	EXPECT_TRUE(peer_works(&self->peer, 1));
	ASSERT_EQ(0, vfio_power(victim, D3HOT));
	EXPECT_TRUE(peer_denied(&self->peer));
	/* Not enough, and not too much */
	ASSERT_EQ(0, peer_decode(&self->peer, true));
	EXPECT_TRUE(peer_denied(&self->peer));
	ASSERT_EQ(0, vfio_power(victim, D0));
	EXPECT_TRUE(peer_works(&self->peer, 2));
}

/* A reset takes the device to D0 */
TEST_F_TIMEOUT(function, reset_in_d3hot, TIMEOUT)
{
	ASSERT_EQ(0, vfio_power(&self->peer.victim, D3HOT));
	ASSERT_EQ(0, vfio_reset(&self->peer.victim));
	EXPECT_TRUE(peer_works(&self->peer, 1));
}

TEST_F_TIMEOUT(function, reset_under_dma, LONG_TIMEOUT)
{
	struct seen seen = {};

	EXPECT_TRUE(peer_works(&self->peer, 1));
	ASSERT_EQ(0, reset_under_dma(&self->peer, vfio_reset,
				     &self->peer.victim, &seen));
	EXPECT_EQ(RESETS, seen.revokes);
	EXPECT_LT(0, seen.faults);
	EXPECT_TRUE(peer_works(&self->peer, 2));
}

TEST_F_TIMEOUT(function, flr_under_dma, LONG_TIMEOUT)
{
	struct seen seen = {};

	EXPECT_TRUE(peer_works(&self->peer, 1));
	ASSERT_EQ(0, reset_under_dma(&self->peer, flr, &self->peer.victim,
				     &seen));
	EXPECT_EQ(RESETS, seen.revokes);
	EXPECT_LT(0, seen.faults);
	EXPECT_TRUE(peer_works(&self->peer, 2));
}

/* vfio-pci looks for capabilities when the device is opened */
static int open_with_af(struct peer *peer)
{
	char name[PCI_NAME_LENGTH];
	int ret;

	strcpy(name, peer->victim.name);
	ret = pci_equip(name, AF_MODULE);
	if (ret)
		return ret;
	peer_close_victim(peer);
	if (container_unmap(peer->container, peer->iova, peer->size) !=
	    (int64_t)peer->size)
		return -EIO;
	ret = peer_open_victim(peer, name);
	return ret ?: peer_map(peer, PEER_BAR_IOVA);
}

TEST_F_TIMEOUT(function, af_flr_under_dma, LONG_TIMEOUT)
{
	struct seen seen = {};

	if (access(AF_MODULE, F_OK))
		SKIP(return, "no module that has a device know it");
	ASSERT_EQ(0, open_with_af(&self->peer));
	EXPECT_TRUE(peer_works(&self->peer, 1));
	ASSERT_EQ(0, reset_under_dma(&self->peer, af_flr, &self->peer.victim,
				     &seen));
	EXPECT_EQ(RESETS, seen.revokes);
	EXPECT_LT(0, seen.faults);
	EXPECT_TRUE(peer_works(&self->peer, 2));
}

/* ---- a slot with two functions of one group ---- */

/*
 * The first two below the same port. They are looked at in the order in which
 * they were bound: what is busy is the last one.
 */
static int bind_slot(char first[PCI_NAME_LENGTH], char second[PCI_NAME_LENGTH])
{
	int nth;

	for (nth = 0; !pci_find(second, IVSHMEM, true, nth); nth++) {
		if (nth && !strncmp(first, second, strlen("0000:00:00.")))
			return pci_bind(first) ?: pci_bind(second);
		strcpy(first, second);
	}
	return -ENODEV;
}

/* What reads the BAR of the second function holds its lock most of the time */
struct reader {
	const struct vfio_device *dev;
	atomic_bool stop;
};

static void *read_on(void *data)
{
	struct reader *reader = data;

	while (!atomic_load(&reader->stop))
		vfio_read_bar(reader->dev, MEMORY_BAR, 1 << 16);
	return NULL;
}

static int reset_busy(const struct vfio_device *dev,
		      const struct vfio_device *busy, int group)
{
	struct reader reader = { .dev = busy };
	pthread_t thread;
	int ret;

	ret = pthread_create(&thread, NULL, read_on, &reader);
	if (ret)
		return -ret;
	usleep(10000);
	ret = vfio_hot_reset(dev, group);
	atomic_store(&reader.stop, true);
	pthread_join(thread, NULL);
	return ret;
}

FIXTURE(slot)
{
	struct peer peer;
	struct vfio_device second;
	int pins;
};

FIXTURE_VARIANT(slot)
{
	enum container kind;
};

CONTAINER_VARIANTS(slot)

FIXTURE_SETUP(slot)
{
	char first[PCI_NAME_LENGTH], second[PCI_NAME_LENGTH];

	if (container_missing(variant->kind))
		SKIP(return, "no iommufd");
	self->pins = observe_pins();
	ASSERT_EQ(0, bind_slot(first, second));
	ASSERT_EQ(0, peer_open_engine(&self->peer, variant->kind));
	ASSERT_EQ(0, peer_open_victim(&self->peer, first));
	ASSERT_EQ(0, peer_map(&self->peer, PEER_BAR_IOVA));
	ASSERT_EQ(0, vfio_open_beside(&self->second, second,
				      self->peer.victim.group));
	ASSERT_EQ(0, vfio_command(&self->second, PCI_COMMAND_MEMORY, 0));
}

FIXTURE_TEARDOWN(slot)
{
	vfio_close(&self->second);
	peer_close_victim(&self->peer);
	peer_close_engine(&self->peer);
	EXPECT_EQ(self->pins, observe_pins());
}

TEST_F_TIMEOUT(slot, hot_reset, TIMEOUT)
{
	struct vfio_device *victim = &self->peer.victim;

	EXPECT_TRUE(peer_works(&self->peer, 1));
	ASSERT_EQ(0, vfio_hot_reset(&self->second, victim->group));
	EXPECT_TRUE(peer_works(&self->peer, 2));

	ASSERT_EQ(0, peer_decode(&self->peer, false));
	ASSERT_EQ(0, vfio_hot_reset(&self->second, victim->group));
	EXPECT_TRUE(peer_denied(&self->peer));
	ASSERT_EQ(0, peer_decode(&self->peer, true));
	EXPECT_TRUE(peer_works(&self->peer, 3));
}

/* It takes the memory of both */
TEST_F_TIMEOUT(slot, hot_reset_under_dma, LONG_TIMEOUT)
{
	struct seen seen = {};

	EXPECT_TRUE(peer_works(&self->peer, 1));
	ASSERT_EQ(0, reset_under_dma(&self->peer, hot_reset, &self->second,
				     &seen));
	EXPECT_EQ(2 * RESETS, seen.revokes);
	EXPECT_LT(0, seen.faults);
	EXPECT_TRUE(peer_works(&self->peer, 2));
}

TEST_F_TIMEOUT(slot, hot_reset_of_strangers, TIMEOUT)
{
	EXPECT_EQ(-EINVAL, vfio_hot_reset(&self->second,
					  self->peer.edu.dev.group));
	EXPECT_TRUE(peer_works(&self->peer, 1));
}

TEST_F_TIMEOUT(slot, hot_reset_with_a_busy_member, LONG_TIMEOUT)
{
	struct vfio_device *victim = &self->peer.victim;
	int tries = 0, ret = 0;

	EXPECT_TRUE(peer_works(&self->peer, 1));
	while (!ret && tries++ < TRIES)
		ret = reset_busy(victim, &self->second, victim->group);
	EXPECT_EQ(-EBUSY, ret);
	EXPECT_TRUE(peer_works(&self->peer, 2));
}

/* A member that nobody has open */
TEST_F_TIMEOUT(slot, hot_reset_with_a_closed_member, TIMEOUT)
{
	vfio_close(&self->second);
	EXPECT_TRUE(peer_works(&self->peer, 1));
	EXPECT_EQ(0, vfio_hot_reset(&self->peer.victim,
				    self->peer.victim.group));
	EXPECT_TRUE(peer_works(&self->peer, 2));
}

/* ---- the same with iommufd, which forgets for good what is taken away ---- */

FIXTURE(native)
{
	struct native native;
	struct peer peer;
	struct vfio_device second;
	int dmabuf;
};

FIXTURE_SETUP(native)
{
	char first[PCI_NAME_LENGTH], second[PCI_NAME_LENGTH];
	char engine[PCI_NAME_LENGTH];
	struct peer *peer = &self->peer;

	ASSERT_EQ(0, bind_slot(first, second));
	ASSERT_EQ(0, pci_find(engine, EDU, false, 0));
	if (access("/dev/iommu", F_OK))
		SKIP(return, "no iommufd");
	ASSERT_EQ(0, native_open(&self->native));
	ASSERT_EQ(0, native_attach(&self->native, &peer->edu.dev, engine));
	ASSERT_EQ(0, edu_start(&peer->edu));
	ASSERT_EQ(0, native_attach(&self->native, &peer->victim, first));
	ASSERT_EQ(0, native_attach(&self->native, &self->second, second));
	ASSERT_EQ(0, peer_decode(peer, true));
	ASSERT_EQ(0, vfio_command(&self->second, PCI_COMMAND_MEMORY, 0));

	peer->ram = mmap(NULL, PEER_RAM_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, peer->ram);
	peer->bar = vfio_map_bar(&peer->victim, MEMORY_BAR, &peer->size);
	ASSERT_NE(MAP_FAILED, peer->bar);
	peer->iova = PEER_BAR_IOVA;
	ASSERT_EQ(0, native_map(&self->native, peer->ram, PEER_RAM_SIZE,
				PEER_RAM_IOVA));
	self->dmabuf = vfio_dmabuf(&peer->victim, MEMORY_BAR, peer->size);
	ASSERT_LE(0, self->dmabuf);
	ASSERT_EQ(0, native_map_dmabuf(&self->native, self->dmabuf, peer->size,
				       PEER_BAR_IOVA));
}

FIXTURE_TEARDOWN(native)
{
	close(self->dmabuf);
	vfio_close(&self->second);
	peer_close_victim(&self->peer);
	edu_close(&self->peer.edu);
	munmap(self->peer.ram, PEER_RAM_SIZE);
	native_close(&self->native);
}

TEST_F_TIMEOUT(native, works, TIMEOUT)
{
	EXPECT_TRUE(peer_works(&self->peer, 1));
	ASSERT_EQ(0, peer_decode(&self->peer, false));
	EXPECT_TRUE(peer_denied(&self->peer));
}

TEST_F_TIMEOUT(native, lives_after_a_refused_hot_reset, LONG_TIMEOUT)
{
	struct peer *peer = &self->peer;
	int tries = 0, ret;

	EXPECT_TRUE(peer_works(peer, 1));
	while (!(ret = reset_busy(&peer->victim, &self->second, -1))) {
		/* It was not refused, and what was mapped is gone for good */
		ASSERT_GT(TRIES, ++tries);
		ASSERT_EQ(0, native_unmap(&self->native, PEER_BAR_IOVA,
					  peer->size));
		ASSERT_EQ(0, native_map_dmabuf(&self->native, self->dmabuf,
					       peer->size, PEER_BAR_IOVA));
	}
	EXPECT_EQ(-EBUSY, ret);
	EXPECT_TRUE(peer_works(peer, 2));
}

TEST_HARNESS_MAIN
