#if !__has_include(<xxhash.h>)
#error "xxhash.h not found: apt-get install libxxhash-dev"
#else
#include <xxhash.h>
#endif
