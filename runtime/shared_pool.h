/* shared_pool.h: the shared pool from inside: what metrics, trimming and fork need of it. */
#ifndef VMR_RUNTIME_SHARED_POOL_H
#define VMR_RUNTIME_SHARED_POOL_H

#include "runtime/pool.h"

vmr_shared_pool *vmr_shared_pool_of(vmr_handle *handle);
pthread_mutex_t *vmr_shared_pool_lock_of(vmr_handle *handle);

/* The caches of all threads, for fork. */
void vmr_shared_pools_lock(void);
void vmr_shared_pools_unlock(void);

#endif
