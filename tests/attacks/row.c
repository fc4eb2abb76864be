// SPDX-License-Identifier: GPL-2.0
/*
 * The rows of make's table: what becomes of a BAR that another device writes to,
 * while memory decode is off, or the device is gone, and its address somebody
 * else's.
 */
#include "kselftest_harness.h"

#include "bar_file.h"
#include "faults.h"
#include "host.h"
#include "newcomer.h"
#include "observe.h"
#include "peer.h"
#include "traffic.h"

#define TIMEOUT	120
#define UNPLUG	"hot unplug of a device whose BAR, mapped through sysfs, is written to"
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

TEST_F_TIMEOUT(row, hot_unplug, TIMEOUT)
{
	char row[ROW_LENGTH], victim[PCI_NAME_LENGTH];
	struct newcomer newcomer;
	struct traffic traffic;
	struct bar_file file;
	struct peer peer;
	bool safe;
	int seen;

	name_row(row, UNPLUG);
	ASSERT_EQ(0, host_find_swapped(victim));
	ASSERT_EQ(0, peer_open_engine(&peer, CONTAINER_TYPE1));
	ASSERT_EQ(0, bar_file_open_peer(&peer, &file, victim, BAR_SYSFS));
	ASSERT_EQ(0, peer_map(&peer, PEER_BAR_IOVA));
	EXPECT_TRUE(peer_works(&peer, 1));
	seen = faults_begin();
	ASSERT_LE(0, seen);
	ASSERT_EQ(0, traffic_begin(&traffic, &peer));
	EXPECT_EQ(0, host_swap(victim));
	ASSERT_EQ(0, newcomer_watch(&newcomer, victim));
	EXPECT_EQ(file.bar.start, newcomer.own.start);
	EXPECT_TRUE(traffic_flows(&traffic));
	traffic_end(&traffic);
	seen = faults_end(seen, peer.edu.dev.name, peer.iova + PEER_PLACE,
			  EDU_MOST);
	safe = newcomer_is_whole(&newcomer);
	print_row(row, "%s", !safe ? "hits the new device" :
		  seen ? "stopped" : "goes nowhere");
	EXPECT_TRUE(safe);
	EXPECT_LT(0, seen);
	traffic_settle();
	newcomer_close(&newcomer);
	peer_close_victim(&peer);
	bar_file_close(&file);
	peer_close_engine(&peer);
}

TEST_HARNESS_MAIN
