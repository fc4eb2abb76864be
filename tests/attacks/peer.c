// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "newcomer.h"
#include "peer.h"

int peer_open_engine(struct peer *peer, enum container kind)
{
	int ret;

	*peer = (struct peer) { .kind = kind, .victim.fd = -1 };
	peer->container = container_open(kind);
	if (peer->container < 0)
		return peer->container;
	ret = edu_open(&peer->edu, peer->container, kind);
	if (ret)
		return ret;
	peer->ram = mmap(NULL, PEER_RAM_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (peer->ram == MAP_FAILED)
		return -errno;
	return container_map(peer->container, peer->ram, PEER_RAM_SIZE,
			     PEER_RAM_IOVA);
}

int peer_open_victim(struct peer *peer, const char *name)
{
	int ret;

	ret = vfio_open(&peer->victim, name, peer->container, peer->kind);
	if (!ret)
		ret = peer_decode(peer, true);
	if (ret)
		return ret;
	peer->bar = vfio_map_bar(&peer->victim, MEMORY_BAR, &peer->size);
	return peer->bar == MAP_FAILED ? -errno : 0;
}

int peer_map(struct peer *peer, uint64_t iova)
{
	peer->iova = iova;
	return container_map(peer->container, peer->bar, peer->size, iova);
}

int peer_open(struct peer *peer, enum container kind, unsigned int vendor,
	      unsigned int device)
{
	char name[PCI_NAME_LENGTH];
	int ret;

	ret = pci_find(name, vendor, device, true, 0);
	if (!ret)
		ret = peer_open_engine(peer, kind);
	if (!ret)
		ret = peer_open_victim(peer, name);
	return ret ?: peer_map(peer, PEER_BAR_IOVA);
}

/* A mapping keeps its device open, and that the container */
void peer_close_victim(struct peer *peer)
{
	if (peer->bar)
		munmap(peer->bar, peer->size);
	peer->bar = NULL;
	vfio_close(&peer->victim);
}

void peer_close_engine(struct peer *peer)
{
	edu_close(&peer->edu);
	munmap(peer->ram, PEER_RAM_SIZE);
	close(peer->container);
}

bool peer_carries(struct peer *peer, unsigned int seed)
{
	return edu_carries(&peer->edu, peer->ram, PEER_RAM_IOVA,
			   peer->iova + PEER_PLACE, seed);
}

bool peer_works(struct peer *peer, unsigned int seed)
{
	return peer_carries(peer, seed) && edu_is(peer->bar + PEER_PLACE, seed);
}

bool peer_denied_at(struct peer *peer, size_t offset)
{
	/* Not what may be there already */
	edu_fill(peer->ram, EDU_DENIED);
	return !edu_read(&peer->edu, PEER_RAM_IOVA, EDU_MOST) &&
	       edu_faults(&peer->edu, edu_write, peer->iova + offset);
}

bool peer_denied(struct peer *peer)
{
	return peer_denied_at(peer, PEER_PLACE);
}

bool peer_newcomer_is_safe(struct peer *peer, const char *victim)
{
	struct newcomer newcomer;
	bool safe;
	int ret;

	ret = newcomer_take(&newcomer, victim, MEMORY_BAR);
	if (ret) {
		printf("# no newcomer: %s\n", strerror(-ret));
		return false;
	}
	safe = peer_denied(peer);
	safe = !newcomer_leave(&newcomer) && newcomer_is_whole(&newcomer) &&
	       safe;
	newcomer_close(&newcomer);
	return safe;
}

int peer_decode(struct peer *peer, bool on)
{
	return vfio_command(&peer->victim, on ? PCI_COMMAND_MEMORY : 0,
			    on ? 0 : PCI_COMMAND_MEMORY);
}

pid_t peer_fork(struct peer *peer, const char *victim,
		int (*what)(struct peer *peer, const char *victim))
{
	int ready[2], ret;
	pid_t pid;
	char said;

	if (pipe(ready))
		return -errno;
	pid = fork();
	if (!pid) {
		/* However the test ends, the engine is free again */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (what(peer, victim) || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ret = read(ready[0], &said, 1);
	close(ready[0]);
	if (ret == 1)
		return pid;
	waitpid(pid, NULL, 0);
	return -ECHILD;
}

int peer_kill(pid_t pid)
{
	if (kill(pid, SIGKILL))
		return -errno;
	return waitpid(pid, NULL, 0) == pid ? 0 : -ECHILD;
}

int peer_import(struct peer *peer, const char *victim)
{
	struct peer own;
	int ret = peer_open_engine(&own, peer->kind);

	own.bar = peer->bar;
	own.size = peer->size;
	ret = ret ?: peer_map(&own, PEER_BAR_IOVA);
	if (ret)
		return ret;
	return peer_works(&own, 7) ? 0 : -EIO;
}
