/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A software RDMA device on a network of its own, and two connected queue pairs of
 * it. Functions return 0 or a negative errno, verbs_do() also a status of ibverbs.
 */
#ifndef _VERBS_H
#define _VERBS_H

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct verbs {
	struct ibv_context *context;
	struct ibv_pd *pd;
	struct ibv_cq *cq;
	struct ibv_qp *qp[2];	/* what the first one asks for, the second one serves */
	int gid;
};

/* Does the kernel have RDMA at all? */
bool verbs_are_there(void);
int verbs_open(struct verbs *v);
void verbs_close(struct verbs *v);

/* One request of the first queue pair; > 0: it has ended in that status */
int verbs_do(struct verbs *v, enum ibv_wr_opcode opcode,
	     const struct ibv_mr *mine, void *at, size_t len,
	     const struct ibv_mr *theirs, uint64_t where);
/* Adds, or if @swap puts @value where @compare was; *@mine gets what was there */
int verbs_atomic(struct verbs *v, const struct ibv_mr *mine, void *at,
		 const struct ibv_mr *theirs, uint64_t where, bool swap,
		 uint64_t compare, uint64_t value);

#endif
