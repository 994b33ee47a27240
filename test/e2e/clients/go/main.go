// Uses AWS through the endpoint that the environment names, and prints one JSON line for each step.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	events "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

const bucket = "go-clients"

var body = strings.Repeat("some bytes of an object\r\n", 20000)

func report(step string, err error) {
	line := map[string]any{"step": step, "ok": err == nil}
	var api smithy.APIError
	if errors.As(err, &api) {
		line["code"], line["message"] = api.ErrorCode(), api.ErrorMessage()
	} else if err != nil {
		line["message"] = err.Error()
	}
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}

// Every name leads to this machine, as a wildcard DNS record would.
func client() *http.Client {
	dialer := &net.Dialer{}
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, _ := net.SplitHostPort(address)
		return dialer.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}}}
}

func config(endpoint string) aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(endpoint),
		HTTPClient:   client(),
		Credentials:  credentials.NewStaticCredentialsProvider(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), ""),
	}
}

func get(ctx context.Context, c *s3.Client, key string) error {
	got, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	if err != nil {
		return err
	}
	defer got.Body.Close()
	data, err := io.ReadAll(got.Body)
	if err == nil && string(data) != body {
		err = fmt.Errorf("%d other bytes came back", len(data))
	}
	return err
}

func roundTrip(ctx context.Context, c *s3.Client, key string, options ...func(*s3.PutObjectInput)) error {
	input := &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), Body: strings.NewReader(body)}
	for _, each := range options {
		each(input)
	}
	if _, err := c.PutObject(ctx, input); err != nil {
		return err
	}
	return get(ctx, c, key)
}

// A stream that cannot go back, so that its hash is not known beforehand.
type forwardOnly struct{ io.Reader }

func unseekable(ctx context.Context, c *s3.Client, key string) error {
	_, err := c.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String(key),
		Body: forwardOnly{strings.NewReader(body)}, ContentLength: aws.Int64(int64(len(body))),
	}, s3.WithAPIOptions(v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware))
	if err != nil {
		return err
	}
	return get(ctx, c, key)
}

func multipart(ctx context.Context, c *s3.Client, key string) error {
	target := &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: aws.String(key)}
	made, err := c.CreateMultipartUpload(ctx, target)
	if err != nil {
		return err
	}
	part, err := c.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: target.Bucket, Key: target.Key, UploadId: made.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader(body),
	})
	if err != nil {
		return err
	}
	parts := &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: part.ETag, PartNumber: aws.Int32(1)}}}
	if _, err = c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: target.Bucket, Key: target.Key, UploadId: made.UploadId, MultipartUpload: parts,
	}); err != nil {
		return err
	}
	return get(ctx, c, key)
}

func presigned(ctx context.Context, c *s3.Client, key string) error {
	p := s3.NewPresignClient(c, s3.WithPresignExpires(time.Minute))
	put, err := p.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	if err != nil {
		return err
	}
	request, _ := http.NewRequestWithContext(ctx, put.Method, put.URL, bytes.NewReader([]byte(body)))
	for name, values := range put.SignedHeader {
		if !strings.EqualFold(name, "host") && !strings.EqualFold(name, "content-length") {
			request.Header[name] = values
		}
	}
	answer, err := client().Do(request)
	if err != nil {
		return err
	}
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != 200 {
		return fmt.Errorf("PUT: %d %s", answer.StatusCode, text)
	}
	url, err := p.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	if err != nil {
		return err
	}
	answer, err = client().Get(url.URL)
	if err != nil {
		return err
	}
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != 200 || string(text) != body {
		return fmt.Errorf("GET: %d, %d bytes", answer.StatusCode, len(text))
	}
	return nil
}

// A global endpoint is signed for many regions at once: SigV4a.
func putEvents(ctx context.Context, endpoint string) error {
	_, err := eventbridge.NewFromConfig(config(endpoint)).PutEvents(ctx, &eventbridge.PutEventsInput{
		EndpointId: aws.String("abcde.veo"),
		Entries:    []events.PutEventsRequestEntry{{Source: aws.String("moderato"), DetailType: aws.String("t"), Detail: aws.String("{}")}},
	})
	return err
}

func main() {
	ctx := context.Background()
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	if len(os.Args) > 1 && os.Args[1] == "sigv4a" {
		report("sigv4a", putEvents(ctx, endpoint))
		return
	}
	path := s3.NewFromConfig(config(endpoint), func(o *s3.Options) { o.UsePathStyle = true })
	virtual := s3.NewFromConfig(config(os.Getenv("VIRTUAL_ENDPOINT_URL")))
	_, err := path.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)})
	report("create bucket", err)
	report("put and get", roundTrip(ctx, path, "plain"))
	for _, algorithm := range []types.ChecksumAlgorithm{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
		report("put with "+string(algorithm), roundTrip(ctx, path, "sum-"+string(algorithm), func(i *s3.PutObjectInput) { i.ChecksumAlgorithm = algorithm }))
	}
	report("put of a stream", unseekable(ctx, path, "stream"))
	report("multipart", multipart(ctx, path, "parts"))
	report("presigned", presigned(ctx, path, "presigned"))
	report("virtual host", roundTrip(ctx, virtual, "by host/with spaces and +"))
	report("presigned, virtual host", presigned(ctx, virtual, "presigned by host"))
	tables := dynamodb.NewFromConfig(config(endpoint))
	_, err = tables.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String("go"), BillingMode: ddb.BillingModePayPerRequest,
		AttributeDefinitions: []ddb.AttributeDefinition{{AttributeName: aws.String("k"), AttributeType: "S"}},
		KeySchema:            []ddb.KeySchemaElement{{AttributeName: aws.String("k"), KeyType: "HASH"}},
	})
	report("dynamodb", err)
	_, err = sqs.NewFromConfig(config(endpoint)).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("go")})
	report("sqs", err)
	_, err = tables.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String("go")})
	report("delete table", err)
}
