/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine and another device, the victim, in one container: what the engine
 * writes into the victim's BAR and reads back. Functions that return an int
 * return an errno negated when they fail.
 */
#ifndef _PEER_H
#define _PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "edu.h"
#include "vfio.h"

#define PEER_RAM_IOVA	0x100000ULL
#define PEER_RAM_SIZE	4096
#define PEER_BAR_IOVA	0x40000000ULL
#define PEER_PLACE	0x3800		/* in the BAR */

struct peer {
	struct edu edu;
	struct vfio_device victim;
	enum container kind;
	int container;
	unsigned char *ram;	/* at PEER_RAM_IOVA */
	unsigned char *bar;	/* of the victim, NULL while it is not mapped */
	size_t size;
	uint64_t iova;		/* of the BAR */
};

/* A container with the engine and memory in it */
int peer_open_engine(struct peer *peer, enum container kind);
/* The victim, with decode on, and its BAR mapped for the CPU */
int peer_open_victim(struct peer *peer, const char *name);
/* The BAR, for the engine */
int peer_map(struct peer *peer, uint64_t iova);
/* All of that, with the first device below a port that is of this kind */
int peer_open(struct peer *peer, enum container kind, unsigned int vendor,
	      unsigned int device);
void peer_close_victim(struct peer *peer);
void peer_close_engine(struct peer *peer);

/* By the engine into the BAR, and back; the BAR need not be mapped */
bool peer_carries(struct peer *peer, unsigned int seed);
/* The same, and the CPU sees it there */
bool peer_works(struct peer *peer, unsigned int seed);
/* The IOMMU stops a write to the BAR, and says so */
bool peer_denied(struct peer *peer);
/* At another place in the BAR than theirs */
bool peer_denied_at(struct peer *peer, size_t offset);
/*
 * It stops it, and nothing reaches a newcomer at the victim's address; only
 * while the victim does not decode
 */
bool peer_newcomer_is_safe(struct peer *peer, const char *victim);

int peer_decode(struct peer *peer, bool on);

/* A child that does @what; when this is back it has, and waits to be killed */
pid_t peer_fork(struct peer *peer, const char *victim,
		int (*what)(struct peer *peer, const char *victim));
int peer_kill(pid_t pid);
/* There: the BAR is @peer's, and the child has a container of its own, with the engine */
int peer_import(struct peer *peer, const char *victim);

#endif
