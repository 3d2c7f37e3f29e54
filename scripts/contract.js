import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import ts from 'typescript';

/**
 * Generates JSON schemas of the API's answers from the TypeScript types in `server/src/contract/`.
 * `npm run contract` writes them to `server/src/query/schemas/contract.json`; with `--check` it
 * only compares. The schemas forbid object fields that the type does not declare.
 */
const folder = new URL('../server/src/contract/', import.meta.url);
const target = new URL('../server/src/query/schemas/contract.json', import.meta.url);

/**
 * Declarations from which the generation starts. Every type that they refer to gets a schema, too.
 */
const ROOTS = ['Answers', 'Problem'];

const declarations = new Map();
for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
  const text = readFileSync(new URL(file, folder), 'utf8');
  for (const node of ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true).statements)
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
      declarations.set(node.name.text, node);
}

const schemas = {};
const NONE = new Map();
const LITERALS = {
  [ts.SyntaxKind.StringKeyword]: { type: 'string' },
  [ts.SyntaxKind.NumberKeyword]: { type: 'number' },
  [ts.SyntaxKind.BooleanKeyword]: { type: 'boolean' },
  [ts.SyntaxKind.UnknownKeyword]: {},
};

/**
 * Returns the schema keywords in a declaration's doc comment: its text as the description, and the
 * keywords of its tags, for example `@minimum`.
 */
function said(node) {
  const tags = Object.fromEntries(
    ts.getJSDocTags(node).map((tag) => [tag.tagName.text, String(tag.comment ?? '')]),
  );
  const text = ts
    .getJSDocCommentsAndTags(node)
    .filter(ts.isJSDoc)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '')
    .join(' ')
    .replace(/\s+/g, ' ');
  return {
    ...(text !== '' && { description: text }),
    ...(tags.format !== undefined && { format: tags.format }),
    ...(tags.pattern !== undefined && { pattern: tags.pattern }),
    ...(tags.integer !== undefined && { type: 'integer' }),
    ...(tags.minimum !== undefined && { minimum: Number(tags.minimum) }),
    ...(tags.maximum !== undefined && { maximum: Number(tags.maximum) }),
  };
}

/**
 * Adds schema keywords to a schema. A schema with `$ref` may have them as well, as OpenAPI 3.1
 * allows.
 */
const withWords = (schema, words) => ({ ...schema, ...words });

function objectOf(fields) {
  const properties = {};
  const required = [];
  for (const [name, { schema, isOptional }] of fields) {
    properties[name] = schema;
    if (!isOptional) required.push(name);
  }
  return {
    type: 'object',
    properties,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

/** Returns the fields of an object type, with inherited fields first. */
function fieldsOf(node, types) {
  if (ts.isParenthesizedTypeNode(node)) return fieldsOf(node.type, types);
  if (ts.isIntersectionTypeNode(node))
    return new Map(node.types.flatMap((part) => [...fieldsOf(part, types)]));
  if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node))
    return fieldsOfReference(node, types);
  const inherited = (node.heritageClauses ?? []).flatMap((clause) =>
    clause.types.flatMap((parent) => [...fieldsOf(parent, types)]),
  );
  const own = node.members.map((member) => [
    member.name.text,
    {
      schema: withWords(schemaOf(member.type, types), said(member)),
      isOptional: member.questionToken !== undefined,
    },
  ]);
  return new Map([...inherited, ...own]);
}

function fieldsOfReference(node, types) {
  const name = (node.typeName ?? node.expression).text;
  const [first, second] = node.typeArguments ?? [];
  if (name === 'Pick' || name === 'Omit') {
    const names = literalsOf(second);
    const all = [...fieldsOf(first, types)];
    return new Map(all.filter(([field]) => names.includes(field) === (name === 'Pick')));
  }
  const declared = declarationOf(name);
  const inner = argumentsOf(declared, node.typeArguments, types);
  return fieldsOf(ts.isTypeAliasDeclaration(declared) ? declared.type : declared, inner);
}

const literalsOf = (node) =>
  (ts.isUnionTypeNode(node) ? node.types : [node]).map(({ literal }) => literal.text);

function declarationOf(name) {
  const found = declarations.get(name);
  if (found === undefined) throw new Error(`the contract has no type ${name}`);
  return found;
}

const argumentsOf = (declared, given = [], types = NONE) =>
  new Map(declared.typeParameters?.map(({ name }, i) => [name.text, schemaOf(given[i], types)]));

function schemaOf(node, types) {
  if (LITERALS[node.kind]) return LITERALS[node.kind];
  if (ts.isParenthesizedTypeNode(node)) return schemaOf(node.type, types);
  if (ts.isTypeOperatorNode(node)) return schemaOf(node.type, types);
  if (ts.isArrayTypeNode(node)) return { type: 'array', items: schemaOf(node.elementType, types) };
  if (ts.isLiteralTypeNode(node)) return literalOf(node.literal);
  if (ts.isUnionTypeNode(node)) return unionOf(node.types.map((part) => schemaOf(part, types)));
  if (ts.isIndexedAccessTypeNode(node)) {
    const fields = fieldsOf(node.objectType, types);
    return fields.get(node.indexType.literal.text).schema;
  }
  if (ts.isTypeReferenceNode(node)) return referenceOf(node, types);
  return objectOf(fieldsOf(node, types));
}

const literalOf = (node) =>
  node.kind === ts.SyntaxKind.NullKeyword
    ? { type: 'null' }
    : node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword
      ? { const: node.kind === ts.SyntaxKind.TrueKeyword }
      : { type: 'string', enum: [node.text] };

/** Returns the schema of a union type. Its string literals become a single `enum`. */
function unionOf(parts) {
  const words = parts.filter((part) => part.enum);
  const others = parts.filter((part) => !part.enum);
  const all = [
    ...(words.length > 0 ? [{ type: 'string', enum: words.flatMap((part) => part.enum) }] : []),
    ...others,
  ];
  return all.length === 1 ? all[0] : { anyOf: all };
}

function referenceOf(node, types) {
  const name = node.typeName.text;
  if (types.has(name)) return types.get(name);
  if (name === 'Record')
    return { type: 'object', additionalProperties: schemaOf(node.typeArguments[1], types) };
  if (name === 'Pick' || name === 'Omit') return objectOf(fieldsOf(node, types));
  const declared = declarationOf(name);
  if (declared.typeParameters) return objectOf(fieldsOf(node, types));
  if (schemas[name] === undefined) {
    // The name is registered before its body is generated, because a recursive type refers to
    // itself.
    schemas[name] = {};
    const body = ts.isTypeAliasDeclaration(declared)
      ? schemaOf(declared.type, NONE)
      : objectOf(fieldsOf(declared, NONE));
    schemas[name] = withWords(body, said(declared));
  }
  return { $ref: `#/components/schemas/${name}` };
}

for (const name of ROOTS) referenceOf(ts.factory.createTypeReferenceNode(name), NONE);
const sorted = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
const text = await format(JSON.stringify(sorted), { parser: 'json', printWidth: 100 });
if (!process.argv.includes('--check')) writeFileSync(target, text);
else if (readFileSync(target, 'utf8') !== text) {
  process.stderr.write('The schemas differ from the contract: npm run contract writes them.\n');
  process.exitCode = 1;
}
