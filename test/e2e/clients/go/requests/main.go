// Prints one JSON line for each operation of some services: the request that the SDK makes of it, signed but not sent.
package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/arcregionswitch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

type line struct {
	Expected []string            `json:"expected"`
	Method   string              `json:"method"`
	URL      string              `json:"url"`
	Headers  map[string][]string `json:"headers"`
	Body     string              `json:"body"`
}

var errRecorded = errors.New("recorded, not sent")

// Takes requests in place of the network.
type recorder struct{ taken *line }

func (r *recorder) Do(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		body, _ = io.ReadAll(request.Body)
	}
	headers := request.Header.Clone()
	headers["host"] = []string{cmp.Or(request.Host, request.URL.Host)}
	r.taken = &line{nil, request.Method, request.URL.RequestURI(), headers, base64.StdEncoding.EncodeToString(body)}
	return nil, errRecorded
}

// Unions are interfaces; of DynamoDB's, which is everywhere in it, a member is known here, all others stay empty.
var attribute = reflect.TypeFor[ddb.AttributeValue]()

func isFillable(item reflect.Type) bool {
	return item.Kind() != reflect.Interface || item == attribute
}

// Fills what a value of this type may hold, some levels deep.
func fill(value reflect.Value, depth int) {
	switch value.Kind() {
	case reflect.String:
		value.SetString("abc")
		// An enum knows its values.
		if values := value.MethodByName("Values"); values.IsValid() {
			value.Set(values.Call(nil)[0].Index(0))
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		value.SetInt(1)
	case reflect.Float32, reflect.Float64:
		value.SetFloat(1)
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Pointer:
		if value.Type().Elem() == reflect.TypeFor[time.Time]() {
			value.Set(reflect.ValueOf(aws.Time(time.Unix(1767225600, 0))))
		} else if depth < 5 {
			value.Set(reflect.New(value.Type().Elem()))
			fill(value.Elem(), depth)
		}
	case reflect.Slice:
		if value.Type().Elem().Kind() == reflect.Uint8 {
			value.SetBytes([]byte("x"))
		} else if isFillable(value.Type().Elem()) && depth < 5 {
			value.Set(reflect.MakeSlice(value.Type(), 1, 1))
			fill(value.Index(0), depth+1)
		}
	case reflect.Map:
		if isFillable(value.Type().Elem()) && depth < 5 {
			item := reflect.New(value.Type().Elem()).Elem()
			fill(item, depth+1)
			key := reflect.New(value.Type().Key()).Elem()
			fill(key, depth)
			value.Set(reflect.MakeMap(value.Type()))
			value.SetMapIndex(key, item)
		}
	case reflect.Struct:
		for i := range value.NumField() {
			if field := value.Field(i); field.CanSet() {
				fill(field, depth+1)
			}
		}
	case reflect.Interface:
		switch value.Type() {
		case reflect.TypeFor[io.Reader]():
			value.Set(reflect.ValueOf(strings.NewReader("x")))
		case attribute:
			value.Set(reflect.ValueOf(&ddb.AttributeValueMemberS{Value: "abc"}))
		}
	}
}

func operations(service string, client any, taken *recorder) {
	encoder := json.NewEncoder(os.Stdout)
	of := reflect.ValueOf(client)
	for i := range of.NumMethod() {
		method := of.Type().Method(i)
		if method.Type.NumIn() != 4 || method.Type.In(2).Kind() != reflect.Pointer {
			continue
		}
		input := reflect.New(method.Type.In(2).Elem())
		fill(input.Elem(), 0)
		taken.taken = nil
		answer := of.Method(i).Call([]reflect.Value{reflect.ValueOf(context.Background()), input})
		// What an SDK refuses to send is no request.
		if taken.taken == nil {
			fmt.Fprintf(os.Stderr, "%s.%s: %v\n", service, method.Name, answer[1].Interface())
			continue
		}
		taken.taken.Expected = []string{service, method.Name}
		if err := encoder.Encode(taken.taken); err != nil {
			panic(err)
		}
	}
}

func main() {
	taken := &recorder{}
	config := aws.Config{
		Region:      "us-east-1",
		HTTPClient:  taken,
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", ""),
	}
	operations("arc-region-switch", arcregionswitch.NewFromConfig(config), taken)
	operations("cloudwatch", cloudwatch.NewFromConfig(config), taken)
	operations("dynamodb", dynamodb.NewFromConfig(config), taken)
	operations("ec2", ec2.NewFromConfig(config), taken)
	operations("kms", kms.NewFromConfig(config), taken)
	operations("lambda", lambda.NewFromConfig(config), taken)
	operations("route53", route53.NewFromConfig(config), taken)
	operations("s3", s3.NewFromConfig(config), taken)
	operations("sns", sns.NewFromConfig(config), taken)
	operations("sqs", sqs.NewFromConfig(config), taken)
}
