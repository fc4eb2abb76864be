/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine, which writes into the victim's BAR all the time.
 */
#ifndef _TRAFFIC_H
#define _TRAFFIC_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "peer.h"

struct traffic {
	struct peer *peer;
	pthread_t thread;
	atomic_bool over;
	atomic_int transfers;
};

int traffic_begin(struct traffic *traffic, struct peer *peer);
/* For a while, whether it arrives or not */
bool traffic_flows(struct traffic *traffic);
void traffic_end(struct traffic *traffic);
/* When it was stopped: the kernel says no more of faults for a while */
void traffic_settle(void);

#endif
