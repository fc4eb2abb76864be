// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <rdma/rdma_netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "verbs.h"

#define INTERFACE	"dummy0"
#define DEVICE		"rxe0"
#define ADDRESS		"192.0.2.1"
#define PORT		1
#define PATIENCE	20	/* s */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void nap(void)
{
	usleep(10000);
}

/* ---- the device ---- */

static int interface_up(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct ifreq request = { .ifr_name = INTERFACE };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = 0;

	if (fd < 0)
		return -errno;
	inet_pton(AF_INET, ADDRESS, &address.sin_addr);
	memcpy(&request.ifr_addr, &address, sizeof(address));
	if (ioctl(fd, SIOCSIFADDR, &request))
		ret = -errno;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (!ret && ioctl(fd, SIOCSIFFLAGS, &request))
		ret = -errno;
	close(fd);
	return ret;
}

static void add_string(struct nlmsghdr *message, int type, const char *value)
{
	struct nlattr *attr = (void *)((char *)message + NLMSG_ALIGN(message->nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + strlen(value) + 1;
	strcpy((char *)attr + NLA_HDRLEN, value);
	message->nlmsg_len = NLMSG_ALIGN(message->nlmsg_len) + NLA_ALIGN(attr->nla_len);
}

bool verbs_are_there(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_RDMA);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* -EEXIST: an earlier test has made it */
static int device_add(void)
{
	union {
		struct nlmsghdr header;
		char bytes[512];
	} message = { .header = {
		.nlmsg_len = NLMSG_HDRLEN,
		.nlmsg_type = RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_NEWLINK),
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
	} };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_RDMA), ret;
	const struct nlmsgerr *answer = NLMSG_DATA(&message.header);

	if (fd < 0)
		return -errno;
	add_string(&message.header, RDMA_NLDEV_ATTR_DEV_NAME, DEVICE);
	add_string(&message.header, RDMA_NLDEV_ATTR_LINK_TYPE, "rxe");
	add_string(&message.header, RDMA_NLDEV_ATTR_NDEV_NAME, INTERFACE);
	if (send(fd, &message, message.header.nlmsg_len, 0) < 0 ||
	    recv(fd, &message, sizeof(message), 0) < 0)
		ret = -errno;
	else
		ret = message.header.nlmsg_type == NLMSG_ERROR ? answer->error : -EPROTO;
	close(fd);
	return ret;
}

static int device_open(struct verbs *v)
{
	struct ibv_device **list;
	int count = 0, i;

	list = ibv_get_device_list(&count);
	if (!list)
		return -errno;
	for (i = 0; i < count && !v->context; i++) {
		if (!strcmp(ibv_get_device_name(list[i]), DEVICE))
			v->context = ibv_open_device(list[i]);
	}
	ibv_free_device_list(list);
	return v->context ? 0 : -ENODEV;
}

/* The entry of the address, which comes from a work item */
static int find_gid(struct verbs *v)
{
	double end = now() + PATIENCE;
	struct ibv_gid_entry entry;
	struct in_addr address;
	int i;

	inet_pton(AF_INET, ADDRESS, &address);
	do {
		for (i = 0; i < 16; i++) {
			if (ibv_query_gid_ex(v->context, PORT, i, &entry, 0) ||
			    entry.gid_type != IBV_GID_TYPE_ROCE_V2 ||
			    memcmp(entry.gid.raw + 12, &address, 4))
				continue;
			v->gid = i;
			return 0;
		}
		nap();
	} while (now() < end);
	return -ETIMEDOUT;
}

/* ---- queue pairs ---- */

#define ACCESS	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE |	\
		 IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_ATOMIC)

static int connect_to(struct verbs *v, struct ibv_qp *qp, uint32_t to)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT, .port_num = PORT, .qp_access_flags = ACCESS,
	};

	if (ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT |
			  IBV_QP_ACCESS_FLAGS))
		return -errno;
	attr = (struct ibv_qp_attr) {
		.qp_state = IBV_QPS_RTR, .path_mtu = IBV_MTU_1024, .dest_qp_num = to,
		.max_dest_rd_atomic = 1, .min_rnr_timer = 12,
		.ah_attr = {
			.is_global = 1, .port_num = PORT,
			.grh = { .sgid_index = v->gid, .hop_limit = 1 },
		},
	};
	if (ibv_query_gid(v->context, PORT, v->gid, &attr.ah_attr.grh.dgid) ||
	    ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU |
			  IBV_QP_DEST_QPN | IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC |
			  IBV_QP_MIN_RNR_TIMER))
		return -errno;
	attr = (struct ibv_qp_attr) {
		.qp_state = IBV_QPS_RTS, .timeout = 20, .retry_cnt = 7, .rnr_retry = 7,
		.max_rd_atomic = 1,
	};
	if (ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT |
			  IBV_QP_RNR_RETRY | IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC))
		return -errno;
	return 0;
}

static int make_queues(struct verbs *v)
{
	struct ibv_qp_init_attr init = {
		.qp_type = IBV_QPT_RC,
		.cap = {
			.max_send_wr = 4, .max_recv_wr = 4,
			.max_send_sge = 1, .max_recv_sge = 1,
		},
	};
	int i, ret = 0;

	v->pd = ibv_alloc_pd(v->context);
	v->cq = ibv_create_cq(v->context, 16, NULL, NULL, 0);
	if (!v->pd || !v->cq)
		return -errno;
	init.send_cq = v->cq;
	init.recv_cq = v->cq;
	for (i = 0; i < 2; i++) {
		v->qp[i] = ibv_create_qp(v->pd, &init);
		if (!v->qp[i])
			return -errno;
	}
	for (i = 0; i < 2 && !ret; i++)
		ret = connect_to(v, v->qp[i], v->qp[!i]->qp_num);
	return ret;
}

int verbs_open(struct verbs *v)
{
	int ret;

	*v = (struct verbs) { .gid = -1 };
	ret = interface_up();
	if (!ret)
		ret = device_add();
	if (!ret || ret == -EEXIST)
		ret = device_open(v);
	if (!ret)
		ret = find_gid(v);
	return ret ?: make_queues(v);
}

void verbs_close(struct verbs *v)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (v->qp[i])
			ibv_destroy_qp(v->qp[i]);
	}
	if (v->cq)
		ibv_destroy_cq(v->cq);
	if (v->pd)
		ibv_dealloc_pd(v->pd);
	if (v->context)
		ibv_close_device(v->context);
}

/* ---- requests ---- */

static int request(struct verbs *v, struct ibv_send_wr *wr)
{
	double end = now() + PATIENCE;
	struct ibv_send_wr *bad;
	struct ibv_wc wc;
	int ret = ibv_post_send(v->qp[0], wr, &bad);

	if (ret)
		return -ret;
	do {
		ret = ibv_poll_cq(v->cq, 1, &wc);
		if (ret)
			return ret < 0 ? -EIO : (int)wc.status;
		nap();
	} while (now() < end);
	return -ETIMEDOUT;
}

int verbs_do(struct verbs *v, enum ibv_wr_opcode opcode,
	     const struct ibv_mr *mine, void *at, size_t len,
	     const struct ibv_mr *theirs, uint64_t where)
{
	struct ibv_sge sge = { .addr = (uintptr_t)at, .length = len, .lkey = mine->lkey };
	struct ibv_send_wr wr = {
		.opcode = opcode, .send_flags = IBV_SEND_SIGNALED, .sg_list = &sge, .num_sge = 1,
		.wr.rdma = { .remote_addr = where, .rkey = theirs->rkey },
	};

	return request(v, &wr);
}

int verbs_atomic(struct verbs *v, const struct ibv_mr *mine, void *at,
		 const struct ibv_mr *theirs, uint64_t where, bool swap,
		 uint64_t compare, uint64_t value)
{
	struct ibv_sge sge = { .addr = (uintptr_t)at, .length = 8, .lkey = mine->lkey };
	struct ibv_send_wr wr = {
		.opcode = swap ? IBV_WR_ATOMIC_CMP_AND_SWP : IBV_WR_ATOMIC_FETCH_AND_ADD,
		.send_flags = IBV_SEND_SIGNALED, .sg_list = &sge, .num_sge = 1,
		.wr.atomic = {
			.remote_addr = where, .rkey = theirs->rkey,
			.compare_add = swap ? compare : value, .swap = value,
		},
	};

	return request(v, &wr);
}
