#if !__has_include(<librdkafka/rdkafka.h>) || !__has_include(<librdkafka/rdkafka_mock.h>)
#error "librdkafka headers not found: apt-get install librdkafka-dev"
#else
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#endif
