#if !__has_include(<zstd.h>)
#error "zstd.h not found: apt-get install libzstd-dev"
#else
#include <zstd.h>
#endif
