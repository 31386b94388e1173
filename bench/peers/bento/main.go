// Bento with the components that a Kafka-to-HTTP sink needs and no others: the way its own documentation gives for
// building a smaller distribution. What a delivery costs is the same; what takes long to build are the other components.
package main

import (
	"context"

	_ "github.com/warpstreamlabs/bento/public/components/io"
	_ "github.com/warpstreamlabs/bento/public/components/kafka"
	_ "github.com/warpstreamlabs/bento/public/components/pure"
	"github.com/warpstreamlabs/bento/public/service"
)

func main() { service.RunCLI(context.Background()) }
