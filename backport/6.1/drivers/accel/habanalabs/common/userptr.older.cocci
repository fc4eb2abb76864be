/// There are no trace events of host memory.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 4
// <smpl>
@@
@@
-#include <trace/events/habanalabs.h>

@@
@@
-static void hl_userptr_trace(struct hl_device *hdev, struct hl_userptr *userptr,
-			     bool map)
-{
-...
-}

@@
@@
-hl_userptr_trace(...);
// </smpl>
