// main order|payment|shipping: an order over Kafka with franz-go and its plugin for OpenTelemetry.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kotel"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	exporter := must(otlptracehttp.New(ctx))
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
	defer provider.Shutdown(context.Background())
	propagator := propagation.NewCompositeTextMapPropagator(
		propagation.TraceContext{}, propagation.Baggage{})
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagator)

	role, prefix := os.Args[1], os.Getenv("PREFIX")
	source := map[string]string{"payment": prefix + ".orders", "shipping": prefix + ".payments"}[role]
	group := prefix + "-" + role
	tracer := kotel.NewTracer(kotel.TracerProvider(provider), kotel.TracerPropagator(propagator),
		kotel.ConsumerGroup(group))
	options := []kgo.Opt{
		kgo.SeedBrokers(os.Getenv("KAFKA")),
		kgo.WithHooks(kotel.NewKotel(kotel.WithTracer(tracer)).Hooks()...),
	}
	if source != "" {
		options = append(options, kgo.ConsumerGroup(group), kgo.ConsumeTopics(source),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	}
	client := must(kgo.NewClient(options...))
	defer client.Close()
	send := func(ctx context.Context, topic string, id []byte) {
		record := &kgo.Record{Topic: prefix + "." + topic, Key: id, Value: id}
		if err := client.ProduceSync(ctx, record).FirstErr(); err != nil {
			panic(err)
		}
	}
	if role == "order" {
		for n := range must(strconv.Atoi(os.Getenv("ORDERS"))) {
			send(ctx, "orders", []byte(fmt.Sprint(prefix, "-", n)))
		}
		return
	}
	fmt.Println("ready")
	for ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(record *kgo.Record) {
			ctx, span := tracer.WithProcessSpan(record)
			defer span.End()
			time.Sleep(20 * time.Millisecond)
			if role == "payment" {
				send(ctx, "payments", record.Value)
			}
		})
	}
}
