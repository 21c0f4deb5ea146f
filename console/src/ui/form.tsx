// Fields bound to React Hook Form, with the server's errors at the field they mean. Used by every form.
import { Field, Input, type InputProps, NativeSelect, Textarea, type TextareaProps } from '@chakra-ui/react';
import type { ReactNode } from 'react';
import {
  type FieldPath,
  type FieldValues,
  get,
  type RegisterOptions,
  type UseFormReturn,
  type UseFormSetError,
} from 'react-hook-form';
import { asProblem, fieldOf, Problem } from '../api/problem';

interface Common<Values extends FieldValues> {
  form: UseFormReturn<Values>;
  name: FieldPath<Values>;
  label: string;
  help?: ReactNode;
  rules?: RegisterOptions<Values, FieldPath<Values>>;
}

interface FrameProps<Values extends FieldValues> extends Common<Values> {
  children: ReactNode;
}

/** Label, control, help and error of one field. */
export function FormField<Values extends FieldValues>({
  form,
  name,
  label,
  help,
  rules,
  children,
}: FrameProps<Values>) {
  const error: { message?: string } | undefined = get(form.formState.errors, name);
  return (
    <Field.Root invalid={error !== undefined} required={Boolean(rules?.required)}>
      <Field.Label>{label}</Field.Label>
      {children}
      {help && <Field.HelperText>{help}</Field.HelperText>}
      <Field.ErrorText>{error?.message || 'This is not valid.'}</Field.ErrorText>
    </Field.Root>
  );
}

export function TextField<Values extends FieldValues>({
  form,
  name,
  label,
  help,
  rules,
  ...input
}: Common<Values> & Omit<InputProps, 'form' | 'name'>) {
  return (
    <FormField form={form} name={name} label={label} help={help} {...(rules ? { rules } : {})}>
      <Input size="sm" {...input} {...form.register(name, rules)} />
    </FormField>
  );
}

export function TextareaField<Values extends FieldValues>({
  form,
  name,
  label,
  help,
  rules,
  ...input
}: Common<Values> & Omit<TextareaProps, 'form' | 'name'>) {
  return (
    <FormField form={form} name={name} label={label} help={help} {...(rules ? { rules } : {})}>
      <Textarea size="sm" {...input} {...form.register(name, rules)} />
    </FormField>
  );
}

export function SelectField<Values extends FieldValues>({
  form,
  name,
  label,
  help,
  rules,
  options,
}: Common<Values> & { options: [value: string, label: string][] }) {
  return (
    <FormField form={form} name={name} label={label} help={help} {...(rules ? { rules } : {})}>
      <NativeSelect.Root size="sm">
        <NativeSelect.Field {...form.register(name, rules)}>
          {options.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </NativeSelect.Field>
        <NativeSelect.Indicator />
      </NativeSelect.Root>
    </FormField>
  );
}

/** Puts the server's field errors at their fields. What belongs to no field of the form comes back, to be shown above it. */
export function takeErrors<Values extends FieldValues>(
  thrown: unknown,
  names: readonly FieldPath<Values>[],
  setError: UseFormSetError<Values>,
): Problem | null {
  const problem = asProblem(thrown);
  const homeless = problem.errors.filter((field) => {
    const name = names.find((known) => known === fieldOf(field.pointer));
    if (!name) return true;
    setError(name, { type: field.code, message: field.detail }, { shouldFocus: true });
    return false;
  });
  if (problem.errors.length > 0 && homeless.length === 0) return null;
  return new Problem({ ...problemBody(problem), errors: homeless });
}

function problemBody({ code, title, detail, status, requestId, nextSteps, retryAfter }: Problem) {
  return {
    code,
    title,
    detail,
    status,
    nextSteps,
    ...(requestId ? { requestId } : {}),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}
