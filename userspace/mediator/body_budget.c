// SPDX-License-Identifier: Apache-2.0
#include "body_budget.h"

bool body_budget_take(
	struct body_budget *budget, struct body_share *share, bool contained, size_t length)
{
	size_t *used = &budget->used[contained];

	if (length <= BODY_BUDGET_FREE || length <= share->taken)
		return true;
	if (length - share->taken > BODY_BUDGET_SIZE - *used)
		return false;
	*used += length - share->taken;
	share->taken = length;
	share->contained = contained;
	return true;
}

void body_budget_give(struct body_budget *budget, struct body_share *share)
{
	budget->used[share->contained] -= share->taken;
	*share = (struct body_share){0};
}
