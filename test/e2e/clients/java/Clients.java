// Uses AWS through the endpoint that the environment names, and prints one JSON line for each step.
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.services.sqs.SqsClient;

public class Clients {
  static final String BUCKET = "java-clients";
  static final byte[] BODY = "some bytes of an object\r\n".repeat(20000).getBytes(StandardCharsets.UTF_8);
  static final URI ENDPOINT = URI.create(System.getenv("AWS_ENDPOINT_URL"));
  static final StaticCredentialsProvider KEY = StaticCredentialsProvider.create(
      AwsBasicCredentials.create(System.getenv("AWS_ACCESS_KEY_ID"), System.getenv("AWS_SECRET_ACCESS_KEY")));

  interface Step {
    void run() throws Exception;
  }

  static void report(String step, Step action) {
    String code = null;
    String message = null;
    try {
      action.run();
    } catch (AwsServiceException error) {
      var given = error.awsErrorDetails().errorCode();
      code = given == null ? "HTTP " + error.statusCode() : given;
      message = error.getMessage();
    } catch (Exception error) {
      code = error.getClass().getSimpleName();
      message = String.valueOf(error.getMessage());
    }
    System.out.printf("{\"step\":%s,\"ok\":%b,\"code\":%s,\"message\":%s}%n", quoted(step), code == null, quoted(code), quoted(message));
  }

  static String quoted(String text) {
    return text == null ? "null" : '"' + text.replaceAll("[\\\\\"]", "\\\\$0").replaceAll("[\\x00-\\x1f]", " ") + '"';
  }

  static S3Client s3(boolean chunkedEncoding) {
    return S3Client.builder().endpointOverride(ENDPOINT).region(Region.US_EAST_1).credentialsProvider(KEY)
        .httpClient(UrlConnectionHttpClient.create())
        .serviceConfiguration(S3Configuration.builder().pathStyleAccessEnabled(true).chunkedEncodingEnabled(chunkedEncoding).build())
        .build();
  }

  static void get(S3Client client, String key) throws Exception {
    byte[] got = client.getObjectAsBytes(request -> request.bucket(BUCKET).key(key)).asByteArray();
    if (!Arrays.equals(got, BODY)) throw new Exception(got.length + " other bytes came back");
  }

  static void roundTrip(S3Client client, String key, ChecksumAlgorithm algorithm) throws Exception {
    var request = PutObjectRequest.builder().bucket(BUCKET).key(key).checksumAlgorithm(algorithm).build();
    client.putObject(request, RequestBody.fromBytes(BODY));
    get(client, key);
  }

  static void multipart(S3Client client, String key) throws Exception {
    var made = client.createMultipartUpload(request -> request.bucket(BUCKET).key(key));
    var part = client.uploadPart(
        request -> request.bucket(BUCKET).key(key).uploadId(made.uploadId()).partNumber(1), RequestBody.fromBytes(BODY));
    var completed = CompletedPart.builder().partNumber(1).eTag(part.eTag()).build();
    client.completeMultipartUpload(
        request -> request.bucket(BUCKET).key(key).uploadId(made.uploadId()).multipartUpload(upload -> upload.parts(List.of(completed))));
    get(client, key);
  }

  static void presigned(String key) throws Exception {
    var http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    try (var presigner = S3Presigner.builder().endpointOverride(ENDPOINT).region(Region.US_EAST_1).credentialsProvider(KEY)
        .serviceConfiguration(S3Configuration.builder().pathStyleAccessEnabled(true).build()).build()) {
      var put = presigner.presignPutObject(request -> request.signatureDuration(Duration.ofMinutes(1))
          .putObjectRequest(object -> object.bucket(BUCKET).key(key)));
      var answer = http.send(HttpRequest.newBuilder(put.url().toURI()).PUT(HttpRequest.BodyPublishers.ofByteArray(BODY)).build(),
          HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) throw new Exception("PUT: " + answer.statusCode() + " " + answer.body());
      var url = presigner.presignGetObject(request -> request.signatureDuration(Duration.ofMinutes(1))
          .getObjectRequest(object -> object.bucket(BUCKET).key(key)));
      var got = http.send(HttpRequest.newBuilder(url.url().toURI()).build(), HttpResponse.BodyHandlers.ofByteArray());
      if (got.statusCode() != 200 || !Arrays.equals(got.body(), BODY)) throw new Exception("GET: " + got.statusCode());
    }
  }

  public static void main(String[] args) {
    var s3 = s3(true);
    report("create bucket", () -> s3.createBucket(request -> request.bucket(BUCKET)));
    report("put and get", () -> roundTrip(s3, "plain", null));
    report("put without chunked encoding", () -> roundTrip(s3(false), "whole", null));
    for (var algorithm : List.of(ChecksumAlgorithm.CRC32, ChecksumAlgorithm.CRC32_C, ChecksumAlgorithm.SHA1, ChecksumAlgorithm.SHA256)) {
      report("put with " + algorithm, () -> roundTrip(s3, "sum-" + algorithm, algorithm));
    }
    report("put of a stream", () -> {
      var stream = new ByteArrayInputStream(BODY);
      s3.putObject(request -> request.bucket(BUCKET).key("stream"), RequestBody.fromInputStream(stream, BODY.length));
      get(s3, "stream");
    });
    report("multipart", () -> multipart(s3, "parts"));
    report("presigned", () -> presigned("presigned key+"));
    var tables = DynamoDbClient.builder().endpointOverride(ENDPOINT).region(Region.US_EAST_1).credentialsProvider(KEY)
        .httpClient(UrlConnectionHttpClient.create()).build();
    report("dynamodb", () -> {
      tables.createTable(request -> request.tableName("java").billingMode(BillingMode.PAY_PER_REQUEST)
          .attributeDefinitions(attribute -> attribute.attributeName("k").attributeType(ScalarAttributeType.S))
          .keySchema(key -> key.attributeName("k").keyType(KeyType.HASH)));
      tables.putItem(request -> request.tableName("java").item(Map.of("k", AttributeValue.fromS("ü"))));
    });
    report("sqs", () -> SqsClient.builder().endpointOverride(ENDPOINT).region(Region.US_EAST_1).credentialsProvider(KEY)
        .httpClient(UrlConnectionHttpClient.create()).build().createQueue(request -> request.queueName("java")));
    report("delete table", () -> tables.deleteTable(request -> request.tableName("java")));
  }
}
