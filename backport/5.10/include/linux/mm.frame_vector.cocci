/// Nobody makes frame vectors any more.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 5.10: they belong to mm.
/// Expect: 1
// <smpl>
@@
@@
-struct frame_vector { ... };

@@
@@
-struct frame_vector *frame_vector_create(...);

@@
@@
-void frame_vector_destroy(...);

@@
@@
-int get_vaddr_frames(...);

@@
@@
-void put_vaddr_frames(...);

@@
@@
-int frame_vector_to_pages(...);

@@
@@
-void frame_vector_to_pfns(...);

@@
@@
-static inline unsigned int frame_vector_count(struct frame_vector *vec)
-{
-...
-}

@@
@@
-static inline struct page **frame_vector_pages(struct frame_vector *vec)
-{
-...
-}

@@
@@
-static inline unsigned long *frame_vector_pfns(struct frame_vector *vec)
-{
-...
-}
// </smpl>
