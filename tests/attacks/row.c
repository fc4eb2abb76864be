// SPDX-License-Identifier: GPL-2.0
/*
 * The row of make's table: what becomes of a BAR that another device writes to
 * while memory decode is off, and its address somebody else's.
 */
#include "kselftest_harness.h"

#include "observe.h"
#include "peer.h"

#define TIMEOUT	120
#define ROW	"P2P into another device's BAR while its memory decode is off"

FIXTURE(row)
{
};

FIXTURE_SETUP(row)
{
}

FIXTURE_TEARDOWN(row)
{
}

TEST_F_TIMEOUT(row, decode_off, TIMEOUT)
{
	bool before, safe, after;
	struct peer peer;
	char row[ROW_LENGTH];

	name_row(row, ROW);
	ASSERT_EQ(0, peer_open(&peer, CONTAINER_TYPE1, IVSHMEM));
	before = peer_works(&peer, 1);
	ASSERT_EQ(0, peer_decode(&peer, false));
	safe = peer_newcomer_is_safe(&peer, peer.victim.name);
	ASSERT_EQ(0, peer_decode(&peer, true));
	after = peer_works(&peer, 2);
	print_row(row, "%s%s",
		  safe ? "stopped" : "goes to whoever is at its address",
		  !after ? ", gone afterwards" :
		  safe ? ", back afterwards" : "");
	EXPECT_TRUE(before);
	EXPECT_TRUE(safe);
	EXPECT_TRUE(after);
	peer_close_victim(&peer);
	peer_close_engine(&peer);
}

TEST_HARNESS_MAIN
