// SPDX-License-Identifier: GPL-2.0
#include <unistd.h>

#include "traffic.h"

#define TRANSFERS	5
#define SETTLE		6	/* seconds */

static void *carry(void *data)
{
	struct traffic *traffic = data;
	struct peer *peer = traffic->peer;

	while (!atomic_load(&traffic->over) &&
	       !edu_write(&peer->edu, peer->iova + PEER_PLACE, EDU_MOST))
		atomic_fetch_add(&traffic->transfers, 1);
	return NULL;
}

int traffic_begin(struct traffic *traffic, struct peer *peer)
{
	*traffic = (struct traffic) { .peer = peer };
	return -pthread_create(&traffic->thread, NULL, carry, traffic);
}

bool traffic_flows(struct traffic *traffic)
{
	int until = atomic_load(&traffic->transfers) + TRANSFERS, i;

	for (i = 0; i < 300; i++) {
		if (atomic_load(&traffic->transfers) >= until)
			return true;
		usleep(100000);
	}
	return false;
}

void traffic_end(struct traffic *traffic)
{
	atomic_store(&traffic->over, true);
	pthread_join(traffic->thread, NULL);
}

void traffic_settle(void)
{
	sleep(SETTLE);
}
